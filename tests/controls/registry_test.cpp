// The list of controls against the controls that there are, and against the tests that it names.
#include "common/reporting/controls.hpp"
#include "tests/temporary_folder.hpp"

#include <boost/test/tree/traverse.hpp>
#include <boost/test/tree/visitor.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

namespace {

// The text of a test case in one of the given sources; empty where there is none.
std::string body_of(const std::string& test_case, const std::vector<std::filesystem::path>& files) {
  for (const auto& file : files) {
    const std::string text = content_of(file);
    const auto begin = text.find("BOOST_AUTO_TEST_CASE(" + test_case + ")");
    if (begin != std::string::npos) return text.substr(begin, text.find("\n}\n", begin) - begin);
  }
  return "";
}

// The cases of this program that are controls: those in no suite.
struct Controls : boost::unit_test::test_tree_visitor {
  std::set<std::string> names;

  bool test_suite_start(const boost::unit_test::test_suite& suite) override { return suite.p_parent_id == boost::unit_test::INV_TEST_UNIT_ID; }
  void visit(const boost::unit_test::test_case& test_case) override { names.insert(test_case.p_name.get()); }
};

const std::filesystem::path root = SUITE_SOURCE_DIR;

}  // namespace

BOOST_AUTO_TEST_SUITE(registry)

BOOST_AUTO_TEST_CASE(every_control_has_a_line_and_every_line_a_control) {
  Controls controls;
  boost::unit_test::traverse_test_tree(boost::unit_test::framework::master_test_suite(), controls, true);
  std::set<std::string> listed;
  for (const auto& control : reporting::read_controls(root)) BOOST_TEST(listed.insert(control.name).second, control.name << " is listed twice");
  BOOST_TEST(listed == controls.names, boost::test_tools::per_element());
  BOOST_TEST(listed.size() >= 15u);
}

BOOST_AUTO_TEST_CASE(the_control_and_the_test_that_is_named_state_the_same_law) {
  std::vector<std::filesystem::path> here;
  for (const auto& entry : std::filesystem::directory_iterator(root / "tests/controls"))
    if (entry.path().extension() == ".cpp") here.push_back(entry.path());
  for (const auto& control : reporting::read_controls(root)) {
    const std::string call = control.law + "(", templated = control.law + "<";
    const auto states = [&](const std::string& body) { return body.find(call) != std::string::npos || body.find(templated) != std::string::npos; };
    BOOST_TEST(states(body_of(control.name, here)), control.name << " does not call " << control.law);
    BOOST_TEST(states(body_of(control.test, {root / control.file})), control.file << ": " << control.test << " does not call " << control.law);
  }
}

BOOST_AUTO_TEST_SUITE_END()

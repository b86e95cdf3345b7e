#include "paper_ep_hopfield/report.hpp"
namespace ep_hopfield {
void write_report(reporting::Page&, const experiments::Ledger&) {}
}

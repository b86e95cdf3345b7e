#pragma once

#include <utility>  // Boost 1.74's Asio uses it and does not include it

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <map>
#include <string>
#include <thread>

// A web server on a free port of 127.0.0.1 that gives one canned response per path, else 404.
class HttpServer {
 public:
  explicit HttpServer(std::map<std::string, std::string> responses) : responses_(std::move(responses)) {
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~HttpServer() {
    context_.stop();
    thread_.join();
  }

  std::string address(const std::string& folder) const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/" + folder + "/";
  }

  // A whole response; `promised` is its Content-Length, where that is not the length of the body.
  static std::string response(const std::string& status, const std::string& body, std::size_t promised = 0) {
    const std::size_t length = promised ? promised : body.size();
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(length) + "\r\nConnection: close\r\n\r\n" + body;
  }

 private:
  using Tcp = boost::asio::ip::tcp;

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, Tcp::socket socket) {
      if (!error) answer(socket);
      accept();
    });
  }

  void answer(Tcp::socket& socket) {
    boost::system::error_code ignored;  // a client that goes away is its own business
    std::string request;
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(request), "\r\n\r\n", ignored);
    const std::size_t begin = request.find(' ') + 1;
    const auto found = responses_.find(request.substr(begin, request.find(' ', begin) - begin));
    boost::asio::write(socket, boost::asio::buffer(found != responses_.end() ? found->second : response("404 Not Found", "")), ignored);
  }

  std::map<std::string, std::string> responses_;
  boost::asio::io_context context_;
  Tcp::acceptor acceptor_{context_, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::thread thread_;
};

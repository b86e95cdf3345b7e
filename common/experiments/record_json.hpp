// Records and ledgers as text. The text ends with the SHA-256 of all that stands before it, so a changed byte is
// noticed; numbers round-trip bit for bit; equal results give equal bytes.
#pragma once

#include "common/experiments/record.hpp"

#include <optional>
#include <string>
#include <vector>

namespace experiments {

std::string to_json(const Record& record);
std::string to_json(const Ledger& ledger);

// Read such a text back; `where` names it in messages. Throw Failure(io) where it is damaged or of another version.
Record record_from_json(const std::string& text, const std::string& where);
Ledger ledger_from_json(const std::string& text, const std::string& where);

// What `run --json` prints: metrics, verdicts and digests of the records, without series and images.
std::string summary_json(const std::vector<Record>& records);

// The first place where the results differ, with both values; nothing when they are the same to the last bit.
// Facts of the machine and the day are not results.
std::optional<std::string> first_difference(const Record& recorded, const Record& now);

}  // namespace experiments

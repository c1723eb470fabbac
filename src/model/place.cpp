// GeoJSON geometry (RFC 7946, 3.1): a Point or a Polygon in degrees, longitude first. Numbers stay texts, so that what
// was entered is what is kept; no floating point is involved.
#include <algorithm>
#include <vector>

#include "model/scalar.h"

namespace yipan::model {
namespace {
constexpr std::size_t place_bytes_max = 400'000;
constexpr int positions_max = 10'000;

class PlaceReader {
  public:
    explicit PlaceReader(std::string_view text) : text_(text) {}

    Result<std::string> read(Shape shape) {
        const std::string_view wanted = shape == Shape::point ? "Point" : "Polygon";
        std::string type, coordinates;
        if (!take('{')) return bad("a place is a GeoJSON object");
        do {
            std::string key;
            if (!word(key) || !take(':')) return bad("a place has the members type and coordinates");
            if (key == "type" && type.empty()) {
                if (!word(type)) return bad("type is a text");
            } else if (key == "coordinates" && coordinates.empty()) {
                const bool good = shape == Shape::point ? position(coordinates) : polygon(coordinates);
                if (!good)
                    return bad(problem_.empty() ? "coordinates do not read as a " + std::string(wanted) : problem_);
            } else {
                return bad("a place has the members type and coordinates only");
            }
        } while (take(','));
        if (!take('}') || !at_end()) return bad("a place ends with its object");
        if (type != wanted) return bad("the place is not a " + std::string(wanted));
        if (coordinates.empty()) return bad("the place has no coordinates");
        return "{\"type\":\"" + type + "\",\"coordinates\":" + coordinates + "}";
    }

  private:
    tl::unexpected<Error> bad(std::string message) const {
        return fail(Code::invalid_input, "", std::move(message),
                    "e.g. {\"type\":\"Point\",\"coordinates\":[120.15,33.35]}; a polygon's rings end where they begin");
    }
    void blanks() {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
            ++at_;
    }
    bool at_end() {
        blanks();
        return at_ == text_.size();
    }
    bool take(char c) {
        blanks();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool word(std::string& out) {
        if (!take('"')) return false;
        const std::size_t end = text_.find('"', at_);
        if (end == std::string_view::npos) return false;
        out = std::string(text_.substr(at_, end - at_));
        at_ = end + 1;
        return out.find('\\') == std::string::npos;
    }
    bool number(std::string& out, int limit) {
        blanks();
        const std::size_t start = at_;
        while (at_ < text_.size() &&
               (text_[at_] == '-' || text_[at_] == '.' || (text_[at_] >= '0' && text_[at_] <= '9')))
            ++at_;
        const auto value = Decimal::parse(text_.substr(start, at_ - start));
        if (!value || value->scale > 12) return false;
        if (*value > Decimal::of(limit) || *value < Decimal::of(-limit)) {
            problem_ =
                "a coordinate lies outside of -" + std::to_string(limit) + " to " + std::to_string(limit) + " degrees";
            return false;
        }
        out += value->text();
        return true;
    }
    bool position(std::string& out) {
        if (++positions_ > positions_max) {
            problem_ = "more than 10,000 positions";
            return false;
        }
        out += '[';
        if (!take('[') || !number(out, 180) || !take(',')) return false;
        out += ',';
        if (!number(out, 90) || !take(']')) return false;
        out += ']';
        return true;
    }
    bool ring(std::string& out) {
        if (!take('[')) return false;
        std::vector<std::string> positions;
        do {
            if (!position(positions.emplace_back())) return false;
        } while (take(','));
        if (!take(']')) return false;
        if (positions.size() < 4 || positions.front() != positions.back()) {
            problem_ = "a ring has at least four positions and ends where it begins";
            return false;
        }
        out += '[';
        for (std::size_t i = 0; i < positions.size(); ++i) out += (i ? "," : "") + positions[i];
        out += ']';
        return true;
    }
    bool polygon(std::string& out) {
        if (!take('[')) return false;
        out += '[';
        do {
            if (out.size() > 1) out += ',';
            if (!ring(out)) return false;
        } while (take(','));
        out += ']';
        return take(']');
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int positions_ = 0;
    std::string problem_;
};
}  // namespace

Result<std::string> parse_place(Shape shape, std::string_view text) {
    if (text.size() > place_bytes_max)
        return fail(Code::limit_exceeded, "", "a place longer than 400,000 bytes", "simplify the polygon");
    return PlaceReader(text).read(shape);
}

}  // namespace yipan::model

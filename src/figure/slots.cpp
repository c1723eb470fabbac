#include "figure/slots.h"

namespace yipan::figure {

std::optional<Period> windowed(const Period& period, model::Window window) {
    switch (window) {
        case model::Window::period: return period;
        case model::Window::to_date: return period;
        case model::Window::ytd: return period.to_date();
        case model::Window::year: return Period::whole_year(period.year);
        case model::Window::year_ago: return period.year > 1 ? std::optional(period.year_before()) : std::nullopt;
        case model::Window::ytd_year_ago:
            return period.year > 1 ? std::optional(period.year_before().to_date()) : std::nullopt;
        case model::Window::previous: return period.previous();
    }
    return {};
}

std::string_view window_name(model::Window window) {
    switch (window) {
        case model::Window::period: return "period";
        case model::Window::to_date: return "to date";
        case model::Window::ytd: return "year to date";
        case model::Window::year: return "year";
        case model::Window::year_ago: return "a year ago";
        case model::Window::ytd_year_ago: return "year to date a year ago";
        case model::Window::previous: return "previous period";
    }
    return "";
}

}  // namespace yipan::figure

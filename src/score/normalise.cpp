#include "score/normalise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace yipan::score {
namespace {
using Kind = FormulaKind;
using Values = std::vector<std::optional<double>>;

std::string n(double value) { return fmt::format("{:.6g}", value); }

struct Stats {
    std::size_t count = 0;
    double low = 0, high = 0, sum = 0, mean = 0, sd = 0;
};

Stats stats_of(const Values& values) {
    Stats out;
    for (const auto& x : values) {
        if (!x) continue;
        out.low = out.count ? std::min(out.low, *x) : *x;
        out.high = out.count ? std::max(out.high, *x) : *x;
        out.sum += *x;
        ++out.count;
    }
    if (!out.count) return out;
    out.mean = out.sum / static_cast<double>(out.count);
    double squares = 0;
    for (const auto& x : values)
        if (x) squares += (*x - out.mean) * (*x - out.mean);
    if (out.count > 1) out.sd = std::sqrt(squares / static_cast<double>(out.count - 1));
    return out;
}

/// 1 = lowest. A tie takes the lowest rank of the tied, or their mean.
double rank_of(const Values& values, double x, RankTies ties) {
    double below = 0, equal = 0;
    for (const auto& other : values) {
        if (!other) continue;
        below += *other < x;
        equal += *other == x;
    }
    return ties == RankTies::lowest ? below + 1 : below + (equal + 1) / 2;
}

class Method {
  public:
    Method(const Formula& formula, const Indicator& indicator, const std::string& code, const PeerSet& peers)
        : f_(formula),
          down_(indicator.direction == Direction::down),
          log_(indicator.transform == Transform::log),
          peers_(peers),
          column_(formula.column.empty() ? code : formula.column) {
        for (std::size_t unit : peers.units) raw_.push_back(peers.table.cell(column_, unit));
        for (const auto& x : raw_) {
            x_.push_back(x && log_ ? (*x > 0 ? std::optional(std::log(*x)) : std::nullopt) : x);
            y_.push_back(x_.back() && down_ ? std::optional(-*x_.back()) : x_.back());
        }
        stats_ = stats_of(y_);
    }

    std::vector<Normalised> run() {
        std::vector<Normalised> out(raw_.size());
        for (std::size_t i = 0; i < raw_.size(); ++i) {
            out_ = &out[i];
            out_->raw = raw_[i];
            out_->full = f_.full;
            if (!raw_[i])
                none("no value was reported");
            else if (!x_[i])
                none(fmt::format("the logarithm needs a value above 0, not {}", n(*raw_[i])));
            else
                one(i);
            if (out_->value && !std::isfinite(*out_->value)) none("the result is too large for a number");
        }
        if (!f_.full) best_is_full(out);
        return out;
    }

  private:
    void none(std::string reason) { out_->value.reset(), out_->reason = std::move(reason); }
    void set(double value, std::string text) {
        out_->value = value;
        out_->text = fmt::format("{} = {}", text, n(value));
        limit(f_.floor, f_.cap);
    }
    void limit(double low, double high) {
        if (!out_->value || (*out_->value >= low && *out_->value <= high)) return;
        const bool above = *out_->value > high;
        out_->value = above ? high : low;
        out_->clamped = true;
        out_->text += fmt::format(", {} {}", above ? "capped at" : "not below", n(*out_->value));
    }
    double transformed(double x) const { return log_ ? std::log(x) : x; }
    std::string shown(double x) const { return log_ ? fmt::format("ln {}", n(x)) : n(x); }

    /// Target, baseline or reference of this unit; a missing one gives a reason and nullopt.
    std::optional<double> against(std::size_t i, std::string_view what) {
        if (f_.against.number) return f_.against.number;
        if (f_.against.peer_mean) return mean(i);
        const auto value = peers_.table.cell(f_.against.column, peers_.units[i]);
        if (!value) none(fmt::format("{} (column {}) is missing", what, f_.against.column));
        return value;
    }
    std::optional<double> mean(std::size_t i) {
        const Stats all = stats_of(x_);
        if (!f_.without_self) return all.mean;
        if (all.count < 2) {
            none("there is no other unit to take the mean of");
            return std::nullopt;
        }
        return (all.sum - *x_[i]) / static_cast<double>(all.count - 1);
    }
    // zscore, rank, borda know no full marks: the best of the peers stands for them.
    static void best_is_full(std::vector<Normalised>& all) {
        std::optional<double> best;
        for (const Normalised& one : all)
            if (one.value && (!best || *one.value > *best)) best = one.value;
        for (Normalised& one : all) one.full = best;
    }

    void one(std::size_t i) {
        switch (f_.kind) {
            case Kind::value: return set(*x_[i], "as reported");
            case Kind::ratio_target: return ratio(i, "target");
            case Kind::ratio_baseline: return ratio(i, "baseline");
            case Kind::ratio_best: return ratio_best(i);
            case Kind::minmax: return minmax(i);
            case Kind::efficacy: return efficacy(i);
            case Kind::rank_step: return rank_step(i);
            case Kind::level_step: return level_step(i);
            case Kind::tranche: return tranche(i);
            case Kind::mean_centre: return mean_centre(i);
            case Kind::mix: return mix(i);
            case Kind::zscore: return zscore(i);
            case Kind::rank:
            case Kind::percentile:
            case Kind::borda: return by_rank(i);
            case Kind::distance_max: return distance(i, stats_.high, "best");
            case Kind::distance_reference: return distance_reference(i);
            case Kind::distance_target: return distance_target(i);
            case Kind::goalposts:
            case Kind::scaled: return posts(i);
            case Kind::fraction_of_max: return fraction_of_max(i);
        }
    }

    void ratio(std::size_t i, std::string_view what) {
        const auto goal = against(i, what);
        if (!goal) return;
        if (!(*goal > 0)) return none(fmt::format("{} is {}: a ratio needs one above 0", what, n(*goal)));
        quotient(*x_[i], *goal);
    }
    // Up: x / goal. Down: goal / x, which needs x > 0.
    void quotient(double x, double goal) {
        if (x < 0 && f_.negative == Negative::zero) return set(0, fmt::format("{} is negative and counts 0:", n(x)));
        if (x < 0 && f_.negative == Negative::no_value)
            return none(fmt::format("{} is negative: a ratio has no meaning", n(x)));
        if (!down_) return set(f_.scale * x / goal, fmt::format("{} × {} / {}", n(f_.scale), n(x), n(goal)));
        if (!(x > 0)) return none(fmt::format("{} / {} cannot be formed", n(goal), n(x)));
        set(f_.scale * goal / x, fmt::format("{} × {} / {}", n(f_.scale), n(goal), n(x)));
    }
    void ratio_best(std::size_t i) {
        const double best = down_ ? -stats_.high : stats_.high;
        if (!(best > 0)) return none(fmt::format("the best value is {}: a ratio to it needs one above 0", n(best)));
        quotient(*x_[i], best);
    }
    void minmax(std::size_t i) {
        const double range = stats_.high - stats_.low;
        if (!(range > 0)) return none(fmt::format("all {} values are equal: min-max has no range", stats_.count));
        const double value = (*y_[i] - stats_.low) / range * (f_.high - f_.low) + f_.low;
        const double worst = down_ ? -stats_.low : stats_.low, best = down_ ? -stats_.high : stats_.high;
        set(value, fmt::format("{} + {} × ({} - {}) / ({} - {})", n(f_.low), n(f_.high - f_.low), n(*x_[i]), n(worst),
                               n(best), n(worst)));
    }
    void efficacy(std::size_t i) {
        const double low = transformed(f_.low), high = transformed(f_.high);
        set(f_.base + f_.span * (*x_[i] - low) / (high - low),
            fmt::format("{} + {} × ({} - {}) / ({} - {})", n(f_.base), n(f_.span), shown(*raw_[i]), shown(f_.low),
                        shown(f_.high), shown(f_.low)));
    }
    void rank_step(std::size_t i) {
        Values reversed;
        for (const auto& y : y_) reversed.push_back(y ? std::optional(-*y) : std::nullopt);
        const double place = rank_of(reversed, -*y_[i], f_.ties);
        set(*f_.full - f_.step * (place - 1), fmt::format("place {} of {}: {} - {} × ({} - 1)", n(place), stats_.count,
                                                          n(*f_.full), n(f_.step), n(place)));
    }
    // Growth over the reference, in the indicator's own unit or in per cent.
    std::optional<double> growth(std::size_t i, std::string& text) {
        const auto reference = against(i, "the reference");
        if (!reference) return std::nullopt;
        if (!f_.percent) {
            text = fmt::format("{} - {}", n(*x_[i]), n(*reference));
            return *x_[i] - *reference;
        }
        if (!(*reference > 0)) {
            none(fmt::format("the reference is {}: growth in per cent needs one above 0", n(*reference)));
            return std::nullopt;
        }
        text = fmt::format("100 × ({0} - {1}) / {1}", n(*x_[i]), n(*reference));
        return 100 * (*x_[i] - *reference) / *reference;
    }
    void level_step(std::size_t i) {
        std::string text;
        const auto grown = growth(i, text);
        if (!grown) return;
        double steps = *grown / f_.per;
        // 6 / 2 must be three whole steps although 0.3 / 0.1 is 2.9999999999999996.
        if (f_.whole_steps) steps = std::trunc(steps + std::copysign(1e-9, steps));
        set(f_.base + f_.step * steps,
            fmt::format("{} + {} × {} steps (({}) / {})", n(f_.base), n(f_.step), n(steps), text, n(f_.per)));
    }
    void tranche(std::size_t i) {
        std::string text;
        const auto grown = growth(i, text);
        if (!grown) return;
        double rest = std::abs(*grown), sum = 0, divisor = f_.divisor;
        std::string terms;
        const char* sign = *grown < 0 ? " - " : " + ";
        for (; rest > 0; divisor += f_.divisor_step) {
            const double part = std::min(rest, f_.width);
            sum += part * f_.base / divisor;
            if (terms.size() < 200) terms += fmt::format("{}{} × {}/{}", sign, n(part), n(f_.base), n(divisor));
            rest -= part;
            if (divisor > 1e6 || (f_.divisor_step == 0 && rest > 1e6 * f_.width))
                return none("the distance spans too many tranches");
        }
        set(*grown < 0 ? f_.base - sum : f_.base + sum, fmt::format("distance {}: {}{}", text, n(f_.base), terms));
    }
    void mean_centre(std::size_t i) {
        const auto centre = mean(i);
        if (!centre) return;
        if (!f_.ratio)
            return set(*f_.full + f_.step * (*x_[i] - *centre) / f_.per,
                       fmt::format("{} + {} × ({} - mean {}) / {}", n(*f_.full), n(f_.step), n(*x_[i]), n(*centre),
                                   n(f_.per)));
        if (!(*centre > 0)) return none(fmt::format("the mean is {}: a ratio to it needs one above 0", n(*centre)));
        set(*f_.full * *x_[i] / *centre, fmt::format("{} × {} / mean {}", n(*f_.full), n(*x_[i]), n(*centre)));
    }
    void mix(std::size_t i);
    void zscore(std::size_t i) {
        if (stats_.count < 2 || !(stats_.high > stats_.low))
            return none("the values do not vary: a z-score has no deviation");
        const double mean = down_ ? -stats_.mean : stats_.mean;
        set((*y_[i] - stats_.mean) / stats_.sd * f_.sd + f_.mean,
            fmt::format("{} + {} × {}({} - {}) / {}", n(f_.mean), n(f_.sd), down_ ? "-" : "", n(*x_[i]), n(mean),
                        n(stats_.sd)));
    }
    void by_rank(std::size_t i) {
        const double rank = rank_of(y_, *y_[i], f_.ties);
        if (f_.kind == Kind::rank) return set(rank, fmt::format("rank from below, of {}:", stats_.count));
        if (f_.kind == Kind::borda) return set(rank - 1, fmt::format("{} - 1", n(rank)));
        if (stats_.count < 2) return none("a percentile rank needs at least two values");
        const double others = static_cast<double>(stats_.count - 1);
        set(f_.scale * (rank - 1) / others, fmt::format("{} × ({} - 1) / {}", n(f_.scale), n(rank), n(others)));
    }
    // 1 - (goal - y) / (goal - min), on values turned so that more is better.
    void distance(std::size_t i, double goal, std::string_view what) {
        const double range = goal - stats_.low;
        if (!(range > 0)) return none(fmt::format("the {} is not better than the worst value: no distance", what));
        const double sign = down_ ? -1 : 1;
        set(f_.scale * (1 - (goal - *y_[i]) / range),
            fmt::format("{} × (1 - ({} {} - {}) / ({} - {}))", n(f_.scale), what, n(sign * goal), n(*x_[i]),
                        n(sign * goal), n(sign * stats_.low)));
    }
    void distance_reference(std::size_t i) {
        for (std::size_t k = 0; k < peers_.units.size(); ++k) {
            if (peers_.table.units[peers_.units[k]].code != f_.unit) continue;
            if (!y_[k]) return none(fmt::format("the reference unit {} has no value", f_.unit));
            return distance(i, *y_[k], "reference");
        }
        none(fmt::format("the reference unit {} is not among the peers", f_.unit));
    }
    void distance_target(std::size_t i) {
        const auto target = against(i, "the target");
        if (!target) return;
        if (log_ && !(*target > 0))
            return none(fmt::format("the logarithm needs a target above 0, not {}", n(*target)));
        const double goal = down_ ? -transformed(*target) : transformed(*target);
        const double range = goal - stats_.low;
        if (!(range > 0)) return none(fmt::format("the target {} is not better than the worst value", n(*target)));
        const double worst = down_ ? -stats_.low : stats_.low;
        set(f_.scale * (*y_[i] - stats_.low) / range,
            fmt::format("{} × ({} - {}) / ({} - {})", n(f_.scale), n(*x_[i]), n(worst), shown(*target), n(worst)));
    }
    void posts(std::size_t i) {
        const double from = transformed(down_ ? f_.high : f_.low), to = transformed(down_ ? f_.low : f_.high);
        set(f_.scale * ((*x_[i] - from) / (to - from)),
            fmt::format("{} × ({} - {}) / ({} - {})", n(f_.scale), shown(*raw_[i]), shown(down_ ? f_.high : f_.low),
                        shown(down_ ? f_.low : f_.high), shown(down_ ? f_.high : f_.low)));
        if (f_.kind == Kind::goalposts) limit(0, f_.scale);
    }
    void fraction_of_max(std::size_t i) {
        if (!(stats_.high > 0))
            return none(fmt::format("the largest value is {}: a fraction of it needs one above 0", n(stats_.high)));
        set(f_.scale * (*x_[i] / stats_.high), fmt::format("{} × {} / {}", n(f_.scale), n(*x_[i]), n(stats_.high)));
    }

    const Formula& f_;
    const bool down_, log_;
    const PeerSet& peers_;
    std::string column_;
    Values raw_, x_, y_;  // as reported; transformed; turned so that more is better
    Stats stats_;
    Normalised* out_ = nullptr;

  public:
    std::vector<std::vector<Normalised>> parts;  // of a mix
};

void Method::mix(std::size_t i) {
    const Normalised& first = parts[0][i];
    const Normalised& second = parts[1][i];
    for (const Normalised* part : {&first, &second})
        if (!part->value) return none(fmt::format("{} part: {}", part == &first ? "first" : "second", part->reason));
    const double a = *first.value / *first.full, b = *second.value / *second.full;
    out_->clamped = first.clamped || second.clamped;
    set(100 * (f_.share * a + (1 - f_.share) * b),
        fmt::format("100 × ({} × [{}]/{} + {} × [{}]/{})", n(f_.share), first.text, n(*first.full), n(1 - f_.share),
                    second.text, n(*second.full)));
}
}  // namespace

std::vector<Normalised> normalise(const Formula& formula, const Indicator& indicator, const std::string& code,
                                  const PeerSet& peers) {
    if (formula.kind != Kind::mix) return Method(formula, indicator, code, peers).run();
    // The mix reads its own column only to say what was reported; when the parts name theirs, the first part's is
    // shown.
    Formula outer = formula;
    if (outer.column.empty()) outer.column = formula.parts[0].column;
    Method method(outer, indicator, code, peers);
    for (const Formula& part : formula.parts) method.parts.push_back(normalise(part, indicator, code, peers));
    return method.run();
}

}  // namespace yipan::score

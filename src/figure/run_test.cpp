#include "figure/run.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace yipan::figure {
namespace {

TEST(Run, keys_sort_as_their_cells_do_and_come_back) {
    EXPECT_TRUE(rc::check([](std::int32_t f1, std::int64_t u1, std::int64_t d1, Slot s1, std::int32_t f2,
                             std::int64_t u2, std::int64_t d2, Slot s2) {
        const CellKey a{f1, s1, u1, d1, u2}, b{f2, s2, u2, d2, d1};
        RC_ASSERT(decode_key(view(encode_key(a))) == a);
        const auto order = [](const CellKey& k) { return std::tuple(k.figure, k.unit, k.d1, k.d2, k.slot); };
        RC_ASSERT((encode_key(a) < encode_key(b)) == (order(a) < order(b)));
    }));
}

TEST(Run, gives_back_what_was_put_in_whatever_the_size_of_chunks) {
    using Raw = std::tuple<std::uint8_t, std::uint16_t, std::int64_t, std::int64_t, std::int32_t, bool>;
    EXPECT_TRUE(rc::check([](const std::vector<Raw>& raw, std::uint8_t size) {
        std::map<KeyBytes, std::vector<RunPosting>> cells;
        for (const auto& [cell, position, record, value, day, leaves] : raw) {
            cells[encode_key({cell % 3, cell % 5, cell % 7, 0, 0})].push_back(
                {position, record, value, day, static_cast<std::int8_t>(leaves ? -1 : 1)});
        }
        RunBuilder builder(size);
        for (auto& [key, list] : cells) {
            std::stable_sort(list.begin(), list.end(),
                             [](const auto& a, const auto& b) { return a.position < b.position; });
            for (const RunPosting& p : list) builder.add(key, p);
        }
        builder.finish();
        std::map<KeyBytes, std::vector<RunPosting>> back;
        std::map<KeyBytes, std::pair<__int128, std::int64_t>> sums;
        std::string last_key;
        for (const auto& [first_key, body] : builder.chunks()) {
            RC_ASSERT(last_key < first_key);
            last_key = first_key;
            RC_ASSERT(each_piece(body, [&](const Piece& piece) {
                          sums[piece.key].first += piece.sum;
                          sums[piece.key].second += piece.net;
                          return decode(piece, [&](const RunPosting& p) { back[piece.key].push_back(p); }).has_value();
                      }).has_value());
        }
        RC_ASSERT(back.size() == cells.size());
        for (const auto& [key, list] : cells) {
            RC_ASSERT(back[key].size() == list.size());
            __int128 sum = 0;
            std::int64_t net = 0;
            for (std::size_t i = 0; i < list.size(); ++i) {
                const auto tie = [](const RunPosting& p) {
                    return std::tuple(p.position, p.record, p.value, p.day, p.sign);
                };
                RC_ASSERT(tie(back[key][i]) == tie(list[i]));
                sum += static_cast<__int128>(list[i].value) * list[i].sign;
                net += list[i].sign;
            }
            RC_ASSERT((sums[key].first == sum && sums[key].second == net));
        }
        std::size_t totals = 0;
        for (const std::string& chunk : builder.totals()) {
            RC_ASSERT(each_total(chunk, [&](const CellKey& key, __int128 sum, std::int64_t net) {
                          ++totals;
                          const auto& expected = sums[encode_key(key)];
                          RC_ASSERT((expected.first == sum && expected.second == net));
                      }).has_value());
        }
        RC_ASSERT(totals == cells.size());
    }));
}

TEST(Run, refuses_damaged_bytes_instead_of_reading_on) {
    RunBuilder builder(1000);
    for (int i = 1; i <= 20; ++i) builder.add(encode_key({1, 2, 3, 0, 0}), {i, i, 100, 5, 1});
    builder.finish();
    const std::string body = builder.chunks().front().second;
    for (std::size_t cut = 1; cut < body.size(); ++cut) {
        const std::string_view part(body.data(), cut);
        EXPECT_FALSE(each_piece(part, [](const Piece&) { return true; })) << cut;
    }
    EXPECT_TRUE(rc::check([&](std::string noise) {
        // Whatever the bytes are: an error or values, never a read outside (the sanitizers watch).
        (void)each_piece(noise, [](const Piece& piece) { return decode(piece, [](const RunPosting&) {}).has_value(); });
        (void)each_total(noise, [](const CellKey&, __int128, std::int64_t) {});
    }));
}

}  // namespace
}  // namespace yipan::figure

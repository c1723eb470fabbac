#include "base/nearest.h"

#include <gtest/gtest.h>

namespace yipan {

TEST(Nearest, finds_the_name_that_was_meant) {
    EXPECT_EQ(nearest("porject", {"parcel", "project", "post"}), "project");
    EXPECT_EQ(nearest("requried", {"required", "unique"}), "required");
    EXPECT_EQ(nearest("zzz", {"required", "unique"}), "");
    EXPECT_EQ(nearest("a", {"b"}), "");
    EXPECT_EQ(nearest(std::string(500, 'x'), {"xx"}), "");
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(did_you_mean("tpye", {"type"}), "did you mean type");
    EXPECT_EQ(did_you_mean("zzz", {"type"}, "known: type"), "known: type");
}

}  // namespace yipan

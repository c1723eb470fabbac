#include "api/answers.h"

#include <gtest/gtest.h>

#include <thread>

namespace yipan::api {
namespace {
std::shared_ptr<const std::string> text(std::string s) { return std::make_shared<const std::string>(std::move(s)); }

TEST(Answers, AreGivenAtTheirPositionOnlyAndNeverLaterThanASecond) {
    Answers answers;
    EXPECT_EQ(answers.find(7, "1/2/0/list"), nullptr);
    answers.keep(7, "1/2/0/list", text("seven"));
    ASSERT_NE(answers.find(7, "1/2/0/list"), nullptr);
    EXPECT_EQ(*answers.find(7, "1/2/0/list"), "seven");
    EXPECT_EQ(answers.find(7, "1/3/0/list"), nullptr) << "another post";
    EXPECT_EQ(answers.find(8, "1/2/0/list"), nullptr) << "something was written";
    answers.keep(8, "1/2/0/list", text("eight"));
    EXPECT_EQ(answers.find(7, "1/2/0/list"), nullptr);
    answers.keep(7, "1/2/0/other", text("late"));  // made before, finished after
    EXPECT_EQ(answers.find(8, "1/2/0/other"), nullptr);
    std::this_thread::sleep_for(std::chrono::milliseconds(1'050));
    EXPECT_EQ(answers.find(8, "1/2/0/list"), nullptr) << "the day may have changed";
}

TEST(Answers, TakeABoundedRoom) {
    Answers answers;
    answers.keep(1, "large", text(std::string(answer_bytes_max + 1, 'x')));
    EXPECT_EQ(answers.find(1, "large"), nullptr);
    for (std::size_t i = 0; i <= answers_max; ++i) answers.keep(1, std::to_string(i), text("x"));
    EXPECT_EQ(answers.find(1, "0"), nullptr) << "all went when there were too many";
    EXPECT_NE(answers.find(1, std::to_string(answers_max)), nullptr);
}
}  // namespace
}  // namespace yipan::api

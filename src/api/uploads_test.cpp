// One disk write that does not end holds up nobody but who wants the same upload.
#include "api/uploads.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

namespace yipan::api {
namespace {
namespace fs = std::filesystem;

TEST(Uploads, ASlowWriteOfOneHoldsUpNoOther) {
    const fs::path folder = fs::temp_directory_path() / ("yipan_uploads_" + std::to_string(::getpid()));
    fs::create_directories(folder);
    Uploads uploads((folder / "u-").string());
    const RecordId person(1), post(1);
    const auto slow = uploads.begin(person, post, "slow.bin", 3, true);
    ASSERT_TRUE(slow);
    fs::path data;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() != ".upload") data = entry.path();
    fs::remove(data);
    ASSERT_EQ(::mkfifo(data.c_str(), 0600), 0);  // whoever opens it to write waits for a reader
    Result<Uploads::State> written = fail(Code::busy, "", "");
    std::thread writer([&] { written = uploads.append(person, post, *slow, 0, "abc"); });
    // Should the lock be held, this would wait for ever; the test's time limit says so.
    const auto quick = uploads.begin(person, post, "quick.bin", 3, true);
    ASSERT_TRUE(quick);
    const auto piece = uploads.append(person, post, *quick, 0, "abc");
    ASSERT_TRUE(piece);
    EXPECT_EQ(piece->offset, 3);
    EXPECT_TRUE(uploads.drop(person, post, *quick));
    const int reader = ::open(data.c_str(), O_RDONLY);
    writer.join();
    ::close(reader);
    EXPECT_FALSE(written) << "a pipe cannot be written at an offset";
    const auto state = uploads.state(person, post, *slow);
    ASSERT_TRUE(state);
    EXPECT_EQ(state->offset, 0) << "what failed did not come";
    fs::remove_all(folder);
}

}  // namespace
}  // namespace yipan::api

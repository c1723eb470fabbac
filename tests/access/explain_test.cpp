// "Why can I (not) see this", "who can see this": complete, right, in three languages.
#include <gtest/gtest.h>

#include "access/explain.h"
#include "access/house.h"

namespace yipan::test {
namespace {
using access::Action;
using model::Language;

class Explain : public testing::Test {
  protected:
    static House& house() {
        static House one("explain");
        return one;
    }
    static access::Told told(const char* person, const char* post, Action action, const char* type, const std::string& key, Language language = Language::en) {
        const auto snapshot = house().board().snapshot();
        const auto& model = snapshot->model();
        const auto directory = access::Directory::read(*snapshot);
        const access::Who who(house().board().model(), *directory, *snapshot->find(model.identity.person, person), *snapshot->find(model.identity.post, post));
        const int t = model.find_type(type);
        const auto record = key.empty() ? nullptr : snapshot->record(t, *snapshot->find(t, key));
        return access::told(who, action, t, record.get(), *snapshot, language);
    }
    static std::string all(const access::Told& told) {
        std::string out = told.text + "\n";
        for (const auto& b : told.because) out += (b.holds ? "+ " : "- ") + b.text + "\n";
        return out;
    }
};

TEST_F(Explain, a_right_over_a_subtree_names_the_role_and_the_units_it_reaches_from) {
    const auto leader = told("R-DW-1", "P-DW-1", Action::see, "project", "X-001");
    EXPECT_TRUE(leader.may);
    EXPECT_NE(all(leader).find("Leader (甲川经济开发区): may see the Project of that unit and below"), std::string::npos) << all(leader);
    const auto clerk = told("R-SH-2", "P-SH-2", Action::see, "project", "X-001");
    EXPECT_FALSE(clerk.may);
    EXPECT_NE(all(clerk).find("has the role Staff (社会事业局), but may only see the Project of that unit and below; this one belongs to "), std::string::npos) << all(clerk);
    EXPECT_NE(all(clerk).find("but may only see the Project this post answers for; this one is "), std::string::npos) << all(clerk);
    EXPECT_EQ(all(clerk).find("needs the role Head"), std::string::npos) << "one sentence for each right, one's own role first:\n" << all(clerk);
}

TEST_F(Explain, a_right_one_has_no_role_for_says_which_role_it_needs) {
    const auto clerk = told("R-SH-2", "P-SH-2", Action::move, "project", "X-001");
    EXPECT_FALSE(clerk.may);
    EXPECT_NE(all(clerk).find("needs the role Leader: may move on the Project of that unit and below (Stop)"), std::string::npos) << all(clerk);
}

TEST_F(Explain, a_condition_that_fails_is_said) {
    const auto snapshot = house().board().snapshot();
    const int type = snapshot->model().find_type("indicator_value");
    std::int64_t other = 0;
    ASSERT_TRUE(snapshot->each(type, [&](const record::RecordPtr& r) {
        if (other == 0) other = r->id.value;
        return other == 0;
    }));
    const auto directory = access::Directory::read(*snapshot);
    const auto& identity = snapshot->model().identity;
    const access::Who who(house().board().model(), *directory, *snapshot->find(identity.person, "R-PPX-2"), *snapshot->find(identity.post, "P-PPX-2"));
    const auto record = snapshot->record(type, RecordId(other));
    const auto said = access::told(who, Action::see, type, record.get(), *snapshot, Language::en);
    EXPECT_FALSE(said.may);
    EXPECT_NE(all(said).find("where stat_unit.partner == true; this one does not meet the condition"), std::string::npos) << all(said);
}

TEST_F(Explain, it_is_said_in_three_languages_and_what_no_role_may_is_said_too) {
    EXPECT_NE(all(told("R-SH-2", "P-SH-2", Action::see, "enterprise_tax", "", Language::hans)).find("需要角色“区领导、财政、审计监督”"), std::string::npos)
        << all(told("R-SH-2", "P-SH-2", Action::see, "enterprise_tax", "", Language::hans));
    EXPECT_NE(all(told("R-DW-1", "P-DW-1", Action::see, "project", "X-001", Language::hant)).find("區領導（甲川经济开发区）」：可查看該機構及其下級的"), std::string::npos);
    EXPECT_NE(all(told("R-DW-1", "P-DW-1", Action::erase, "project", "X-001", Language::hans)).find("没有任何角色可以"), std::string::npos);
}

// Completeness: the answer is that of the evaluator, the reasons that hold are not empty exactly then, and every right of
// the model over the type is in the list.
TEST_F(Explain, every_answer_agrees_with_the_evaluator_and_leaves_no_right_out) {
    const auto snapshot = house().board().snapshot();
    const auto& model = snapshot->model();
    const auto directory = access::Directory::read(*snapshot);
    int asked = 0;
    for (const char* code : {"R-DW-1", "R-QF-3", "R-PPX-2", "R-JF-2", "R-ZZ-2", "R-DW-6", "R-JD-1"}) {
        const auto person = *snapshot->find(model.identity.person, code);
        for (const auto& held : (*directory)->posts_of(person)) {
            const access::Who who(house().board().model(), *directory, person, held.post);
            for (const auto& type : model.types) {
                int taken = 0;
                ASSERT_TRUE(snapshot->each(type.index, [&](const record::RecordPtr& r) {
                    for (int a = 0; a < model::action_count; ++a) {
                        const auto action = static_cast<Action>(a);
                        const auto said = access::told(who, action, type.index, r.get(), *snapshot, Language::en);
                        EXPECT_EQ(said.may, who.may(action, *r, snapshot->resolver()));
                        EXPECT_EQ(said.may, std::any_of(said.because.begin(), said.because.end(), [](const auto& b) { return b.holds; }));
                        EXPECT_EQ(said.may, !access::first_reason(who, action, *r, *snapshot, Language::en).empty());
                        std::size_t rights = 0;
                        for (const auto& right : model.rights.rights)
                            for (const auto& of : right.types) rights += right.may(action) && of.type == type.index;
                        EXPECT_EQ(said.because.size(), rights);
                        ++asked;
                    }
                    return ++taken < 3;
                }));
            }
        }
    }
    EXPECT_GT(asked, 3000);
}

}  // namespace
}  // namespace yipan::test

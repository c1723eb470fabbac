// What the committees of the demo decided and what became of it: half a year of meetings, resolutions, supervised matters, a list and the
// register of tables. Everything is invented. Written after all else, so that what was there before keeps its ids and positions.
#include "demo_decisions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/hash.h"

namespace yipan::demo {
namespace {
constexpr int kind_of_random = 9;  // demo.cpp has the others
const Date today = *Date::of(2026, 7, 1);

constexpr const char* body_lines[] = {
    "create person code=R-LJ-1 name=闻远 joined=2018-03-01",
    "create committee code=DWH name=党工委会议 kind=party organ=DW secretary=P-DZ-2 rules_text=党工委议事规则（示例）",
    "create committee code=BGH name=管委会办公会 kind=office organ=JC secretary=P-DZ-2 rules_text=管委会工作规则（示例）",
    "create committee code=DDW name=大党工委 kind=joint organ=DW secretary=P-DZ-2 rules_text=大党工委运行办法（示例）",
    "create committee code=ZT name=项目建设专题会 kind=special organ=JC secretary=P-DZ-2",
    "create linked_body @L-PP committee=DDW code=PP name=临港合作园党委 organ=PP valid_from=2024-07-01 basis=一区一园共建协议",
    "create linked_body @L-S1 committee=DDW code=S1 name=川南社区党总支 organ=S1 valid_from=2024-07-01 basis=共建协议",
    "create linked_body @L-E committee=DDW code=E-00001 name=链上企业联合党支部 enterprise=E-00001 valid_from=2025-01-01 basis=共建协议",
    "create committee_member @DWH-1 committee=DWH person=R-DW-1 seat=P-DW-1 role=chair valid_from=2024-06-01",
    "create committee_member @DWH-2 committee=DWH person=R-DW-2 seat=P-DW-2 role=vice valid_from=2024-06-01",
    "create committee_member @DWH-3 committee=DWH person=R-JD-1 seat=P-DW-3 valid_from=2025-02-01",
    "create committee_member @DWH-4 committee=DWH person=R-DW-4 seat=P-DW-4 valid_from=2024-06-01",
    "create committee_member @DWH-5 committee=DWH person=R-DW-5 seat=P-DW-5 valid_from=2024-06-01",
    "create committee_member @DWH-6 committee=DWH person=R-DW-6 seat=P-DW-6 valid_from=2024-06-01",
    "create committee_member @DWH-7 committee=DWH person=R-DZ-1 seat=P-DZ-1 role=observer voting=no valid_from=2024-06-01",
    "create committee_member @BGH-1 committee=BGH person=R-DW-2 seat=P-DW-2 role=chair valid_from=2024-06-01",
    "create committee_member @BGH-2 committee=BGH person=R-JF-1 seat=P-JF-1 valid_from=2024-06-01",
    "create committee_member @BGH-3 committee=BGH person=R-CZ-1 seat=P-CZ-1 valid_from=2024-06-01",
    "create committee_member @BGH-4 committee=BGH person=R-GJ-1 seat=P-GJ-1 valid_from=2024-06-01",
    "create committee_member @BGH-5 committee=BGH person=R-ZS-1 seat=P-ZS-1 valid_from=2024-06-01",
    "create committee_member @DDW-1 committee=DDW person=R-DW-1 seat=P-DW-1 role=chair valid_from=2024-07-01",
    "create committee_member @DDW-2 committee=DDW person=R-PP-1 seat=P-PP-1 role=linked linked_body=@L-PP valid_from=2024-07-01",
    "create committee_member @DDW-3 committee=DDW person=R-S1-1 seat=P-S1-1 role=linked linked_body=@L-S1 valid_from=2024-07-01",
    "create committee_member @DDW-4 committee=DDW person=R-LJ-1 role=linked linked_body=@L-E valid_from=2025-01-01",
    "create matter code=M-01 name=重要制度的制定、修改和废止 class=major officer=P-DZ-1 needs_legal=yes needs_opinions=yes",
    "create matter code=M-04 name=内设机构副科级以上干部任免 class=cadres officer=P-DZ-1 quorum_num=2 quorum_den=3 ballot=secret needs_talks=yes",
    "create matter code=M-05 name=招商引资项目准入 class=projects officer=P-DZ-1 by_amount=yes needs_survey=yes needs_legal=yes",
    "create matter code=M-07 name=年度预算及调整 class=funds officer=P-DZ-1 needs_opinions=yes",
    "create matter code=M-08 name=大额度资金使用 class=funds officer=P-DZ-1 by_amount=yes",
    "create matter code=M-09 name=重点工作安排 class=other officer=P-DZ-1",
    "create power matter=M-01 committee=DWH valid_from=2024-06-01 basis=三重一大事项清单（示例）",
    "create power matter=M-04 committee=DWH valid_from=2024-06-01 basis=三重一大事项清单（示例）",
    "create power matter=M-05 committee=DWH amount_from=100000000.00 valid_from=2024-06-01 basis=三重一大事项清单（示例）",
    "create power matter=M-05 committee=BGH amount_below=100000000.00 valid_from=2024-06-01 basis=三重一大事项清单（示例）",
    "create power matter=M-07 committee=DWH valid_from=2024-06-01 basis=三重一大事项清单（示例）",
    "create power matter=M-08 committee=DWH amount_from=3000000.00 valid_from=2024-06-01 basis=三重一大事项清单（示例）",
    "create power matter=M-08 committee=BGH amount_below=3000000.00 valid_from=2024-06-01 basis=三重一大事项清单（示例）",
    "create power matter=M-09 committee=DWH valid_from=2024-06-01 basis=三重一大事项清单（示例）",
    "create power matter=M-09 committee=BGH valid_from=2024-06-01 basis=三重一大事项清单（示例）",
    "create meeting_series code=L-BGH name=管委会办公例会 committee=BGH every_days=14 first=2026-01-05 next=2026-07-06",
    "create meeting_series code=L-DWH name=党工委例会 committee=DWH month_day=15 first=2026-01-15 next=2026-07-15",
};

struct ItemRow {
    const char *title, *matter, *amount;  // amount: empty for matters that do not depend on it
    const char* organ;                    // reports it, and leads what follows from it
};
constexpr ItemRow party_items[] = {
    {"关于园区建设提升年行动方案", "M-09", "", "DZ"},     {"关于标准厂房二期建设资金安排", "M-08", "86000000.00", "GJ"},
    {"关于年度财政预算调整", "M-07", "", "CZ"},           {"关于高端装备产业园项目准入", "M-05", "1200000000.00", "ZS"},
    {"关于区街一体职能清单修订", "M-01", "", "DZ"},       {"关于港区道路改造资金", "M-08", "23500000.00", "GJ"},
    {"关于重点企业服务专员制度", "M-01", "", "QF"},       {"关于新材料中试基地项目准入", "M-05", "460000000.00", "ZS"},
    {"关于安全生产治本攻坚安排", "M-09", "", "YJ"},       {"关于老旧小区改造资金", "M-08", "17800000.00", "JD"},
    {"关于人才公寓建设资金", "M-08", "52000000.00", "GZ"}, {"关于村级集体经济提升行动", "M-09", "", "JDN"},
};
constexpr ItemRow office_items[] = {
    {"关于企业诉求闭环办理", "M-09", "", "QF"},      {"关于办公设备更新资金", "M-08", "860000.00", "DZ"},
    {"关于一季度项目开工攻坚", "M-09", "", "JF"},    {"关于背街小巷整治资金", "M-08", "2100000.00", "JDC"},
    {"关于包装材料项目准入", "M-05", "68000000.00", "ZS"}, {"关于审批事项下放承接", "M-09", "", "SP"},
    {"关于河道水质提升", "M-09", "", "ZF"},          {"关于科技型企业培育清单", "M-09", "", "KC"},
    {"关于消防隐患集中整治资金", "M-08", "1900000.00", "YJ"}, {"关于社区嵌入式服务点", "M-09", "", "SH"},
    {"关于上半年入库工作", "M-09", "", "JF"},        {"关于招商推介活动资金", "M-08", "780000.00", "ZS"},
};
constexpr const char* directive_lines[] = {
    "create directive code=LY-01 kind=instruction title=关于加快天桥路节点改造的批示 issuer=党工委书记 day=2026-02-06 officer=P-DZ-2 text=请规划建设局牵头限期办结",
    "create directive code=LY-02 kind=document title=关于开展安全生产大检查的通知 issuer=虚构市安委办 number=虚安委〔2026〕8号 day=2026-03-03 ends=2026-06-30 officer=P-DZ-2",
    "create directive code=LY-03 kind=yearly title=二〇二六年党工委重点工作 issuer=党工委 day=2026-01-12 ends=2026-12-31 officer=P-DZ-2",
    "create directive code=LY-04 kind=campaign title=园区建设提升年 issuer=党工委 day=2026-01-20 ends=2026-12-31 officer=P-DZ-2",
    "create directive code=LY-05 kind=reform title=拿地即开工改革试点 issuer=虚构市政府办 day=2026-02-20 ends=2026-11-30 officer=P-DZ-2",
};
constexpr const char* directive_kinds[] = {"instruction", "document", "yearly", "campaign", "reform"};
struct WorkRow {
    const char *title, *organ;
    int directive;
};
constexpr WorkRow works[] = {
    {"天桥路节点改造方案", "GJ", 0},   {"危化品企业专项检查", "YJ", 1},     {"沿街商铺消防检查", "JDP", 1},
    {"船厂社区隐患整改", "S3", 1},     {"规上工业企业培育", "JF", 2},       {"十亿级项目签约攻坚", "ZS", 2},
    {"一企一档建档", "QF", 2},         {"高新技术企业申报辅导", "KC", 2},   {"标准厂房闲置盘活", "GZ", 3},
    {"园区路网照明提升", "GJ", 3},     {"园区违建拆除", "ZF", 3},           {"港口物流通道整治", "PPX", 3},
    {"川东村连片整治", "C3", 3},       {"用地规划许可并联审批", "SP", 4},   {"四证齐发流程再造", "SP", 4},
    {"电厂社区停车改造", "S5", 3},     {"预算绩效评价", "CZ", 2},           {"干部挂职锻炼安排", "ZZ", 2},
};

class Decisions {
  public:
    Decisions(Pen& pen, const Options& options) : pen_(pen), seed_(options.seed), holidays_(options.holidays) {}

    void write() {
        holidays();
        pen_.as("P-DZ-2", "R-DZ-2");
        for (const char* line : body_lines) one(line);
        for (const char* line : directive_lines) one(line);
        for (int month = 1; month <= 6; ++month)
            meeting(fmt::format("DWH-2026-{:02}", month), "DWH", 6, *Date::of(2026, month, 15), party_items + (month - 1) * 2, 2);
        for (int n = 0; n < 12; ++n)
            meeting(fmt::format("BGH-2026-{:02}", n + 1), "BGH", 5, Date::of(2026, 1, 5)->plus_days(14 * n), office_items + n, 1);
        joint();
        for (const WorkRow& row : works) {
            const std::string directive = fmt::format("LY-0{}", row.directive + 1);
            const Random random = Random::of(seed_, kind_of_random, 900 + (&row - works));
            Random dice = random;
            const Date from = Date::of(2026, 1, 20)->plus_days(dice.between(40, 100));
            task(row.title, directive_kinds[row.directive], "directive=" + directive, row.organ, from,
                 std::min(from.plus_days(dice.between(30, 75)), *Date::of(2026, row.directive == 1 ? 6 : 8, 30)), 900 + static_cast<int>(&row - works));
        }
        next_meeting();
        under_way();
        lists();
        tables();
    }

  private:
    void one(std::string_view line) {
        pen_.step(line);
        pen_.end();
    }
    // The arrangements of the State Council as shipped: date,kind,name.
    void holidays() {
        pen_.as("", "");
        for (std::size_t from = holidays_.find('\n'); from < holidays_.size(); from = holidays_.find('\n', from + 1)) {
            const std::string_view line = holidays_.substr(from + 1, holidays_.find('\n', from + 1) - from - 1);
            const std::size_t first = line.find(','), second = first == line.npos ? first : line.find(',', first + 1);
            if (second == line.npos) continue;
            one(fmt::format("create holiday date={} kind={} name={}", line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)));
        }
    }
    // A meeting from its agenda to its minutes; every item passed, with a resolution and one to three matters.
    void meeting(const std::string& code, const std::string& body, int members, Date day, const ItemRow* items, int count) {
        const std::string at = " effective=" + day.text();
        pen_.as("P-DZ-2", "R-DZ-2");
        one(fmt::format("create meeting code={} name={}（{}） committee={} series=L-{} held={} place=第一会议室 presider=@{}-1", code,
                        body == "DWH" ? "党工委会议" : "管委会办公会", day.text(), body, body, day.text(), body));
        for (int i = 0; i < count; ++i) {
            const ItemRow& row = items[i];
            const std::string item = fmt::format("@{}-{}", code, i + 1);
            one(fmt::format("create agenda_item {} meeting={} no={} title={} matter={} amount={} officer=P-{}-1", item, code, i + 1, row.title,
                            row.matter, row.amount, row.organ));
            const std::string before = day.plus_days(-6).text();
            one(fmt::format("create item_paper agenda_item={} kind=paper title={}的请示 done={} by={}", item, row.title, before, row.organ));
            for (const char* kind : {"survey", "legal", "opinions"})
                if (needs(row.matter, kind))
                    one(fmt::format("create item_paper agenda_item={} kind={} title={}材料 done={} by={}", item, kind, row.title, before, row.organ));
        }
        one("move meeting " + code + " call" + at);
        Random random = Random::of(seed_, kind_of_random, day.days);
        const int away = random.percent(40) ? random.between(3, members) : 0;
        for (int m = 1; m <= members; ++m)
            one(fmt::format("create attendance meeting={0} member=@{1}-{2}{3}", code, body, m, m == away ? " status=leave reason=外出招商" : ""));
        one("move meeting " + code + " open" + at);
        for (int i = 0; i < count; ++i) {
            const std::string item = fmt::format("@{}-{}", code, i + 1);
            one("move agenda_item " + item + " discuss" + at);
            int turn = 0;
            for (int m = 2; m <= members; ++m)
                if (m != away) one(fmt::format("create speech agenda_item={} turn={} member=@{}-{} gist=同意", item, ++turn, body, m));
            one(fmt::format("create speech agenda_item={} turn={} member=@{}-1 last=yes gist=同意，抓好落实", item, ++turn, body));
            one("move agenda_item " + item + " call_vote" + at);
            for (int m = 1; m <= members; ++m)
                if (m != away)
                    one(fmt::format("create vote agenda_item={} member=@{}-{} choice={}", item, body, m, m == members && i == 1 ? "abstain" : "yes"));
            one("move agenda_item " + item + " pass" + at + " conclusion=原则同意");
        }
        one("move meeting " + code + " close" + at);
        for (int i = 0; i < count; ++i) {
            const std::string resolution = fmt::format("J-{}-{}", code, i + 1);
            one(fmt::format("create resolution code={0} title={1}的决议 meeting={2} agenda_item=@{2}-{3} committee={4} adopted={5} officer=P-DZ-2 "
                            "text=会议原则同意{1}，由责任单位按分工落实 effective={5}",
                            resolution, items[i].title, code, i + 1, body, day.text()));
        }
        one(fmt::format("move meeting {} minute effective={} minuted={} minutes=会议审议通过{}项议题，已形成决议", code, day.plus_days(2).text(),
                        day.plus_days(2).text(), count));
        for (int i = 0; i < count; ++i) {
            const std::string resolution = fmt::format("resolution=J-{}-{}", code, i + 1);
            const char* parts[] = {"制定落实方案", "组织实施", "报送成效"};
            const int tasks = body == "DWH" ? 3 : 1;
            for (int t = 0; t < tasks; ++t)
                task(std::string(items[i].title).substr(6) + "：" + parts[t], "resolution", resolution, items[i].organ, day.plus_days(3),
                     day.plus_days(25 + 20 * t), day.days * 10 + i * 3 + t);
            pen_.as("P-DZ-2", "R-DZ-2");
        }
    }
    static bool needs(std::string_view matter, std::string_view kind) {
        return (kind == "survey" && matter == "M-05") || (kind == "legal" && (matter == "M-01" || matter == "M-05")) ||
               (kind == "opinions" && (matter == "M-01" || matter == "M-07"));
    }
    void joint() {
        pen_.as("P-DZ-2", "R-DZ-2");
        const std::string at = " effective=2026-04-20";
        one("create meeting code=DDW-2026-01 name=大党工委会议 committee=DDW held=2026-04-20 place=临港合作园 presider=@DDW-1");
        one("create agenda_item @DDW-2026-01-1 meeting=DDW-2026-01 no=1 title=港园联动共建清单 purpose=advise officer=P-DZ-1");
        one("move meeting DDW-2026-01 call" + at);
        for (int m = 1; m <= 4; ++m) one(fmt::format("create attendance meeting=DDW-2026-01 member=@DDW-{}", m));
        one("move meeting DDW-2026-01 open" + at);
        one("move agenda_item @DDW-2026-01-1 discuss" + at);
        one("move agenda_item @DDW-2026-01-1 hear conclusion=建议由党工委列入重点工作" + at);
        one("move meeting DDW-2026-01 close" + at);
        one("move meeting DDW-2026-01 minute minuted=2026-04-22 minutes=研究港园联动共建清单 effective=2026-04-22");
    }

    // A matter with its fate: done in time, late, returned once, under way or overdue.
    void task(std::string_view title, std::string_view source, std::string_view basis, std::string_view organ, Date from, Date due, int n) {
        Random random = Random::of(seed_, kind_of_random, n);
        const std::string code = fmt::format("DB-{:03}", ++tasks_), seat = fmt::format("{}-{}", organ, organ == "DZ" ? 4 : 2),
                          officer = "P-" + seat, holder = "R-" + seat;
        pen_.as("P-DZ-2", "R-DZ-2");
        one(fmt::format("create task code={} title={} source={} {} lead={} officer={} leader=P-DW-2 supervisor=P-DZ-2 reviewer=P-DZ-3 due={} demand=按期办结并报佐证 effective={}",
                        code, title, source, basis, organ, officer, due.text(), from.text()));
        if (source == "campaign") campaign_.push_back({code, std::string(title), officer});
        if (n % 3 == 0) one(fmt::format("create stage_goal @{0}-G task={0} name=方案报审 due={1}", code, Date{(from.days + due.days) / 2}.text()));
        one(fmt::format("move task {} assign assigned_on={} effective={}", code, from.text(), from.text()));
        const int fate = random.between(1, 100);
        const Date signed_on = from.plus_days(random.between(0, 2));
        if (signed_on > today || fate == 100) return;
        pen_.as(officer, holder);
        one(fmt::format("move task {} sign signed_on={} effective={}", code, signed_on.text(), signed_on.text()));
        const Date half = std::min(Date{(from.days + due.days) / 2}, today);
        one(fmt::format("create task_feedback task={} day={} progress={} text=按计划推进 effective={}", code, half.text(), random.between(30, 70), half.text()));
        Date done = due.plus_days(fate <= 70 ? -random.between(0, 8) : random.between(3, 20));
        if (n % 3 == 0 && done <= today) one(fmt::format("amend stage_goal @{}-G reached={} effective={}", code, half.text(), half.text()));
        const bool stuck = fate > 88 || done > today;
        if (stuck) {
            if (due < today.plus_days(-1)) {
                pen_.as("P-DZ-2", "R-DZ-2");
                one(fmt::format("create task_reminder task={0} day={1} by=P-DZ-2 text=已到期请抓紧 effective={1}", code, due.plus_days(1).text()));  // the notices are the clock's
            }
            return;
        }
        pen_.step(fmt::format("create task_evidence task={} title=办结材料 day={} number=办结{:03}号 effective={}", code, done.text(), tasks_, done.text()));
        pen_.set("paper", record::Value("sha256:" + hex(sha256(code)) + " " + code + ".pdf"));
        pen_.end();
        const auto report = [&](Date day) {
            pen_.as(officer, holder);
            one(fmt::format("move task {} report reported_on={} result=已按要求办结 effective={}", code, day.text(), day.text()));
        };
        report(done);
        if (fate % 9 == 0 && done.plus_days(2) <= today) {
            review(code, title, officer, holder, done, done.plus_days(1), "佐证不全", false);
            done = done.plus_days(2);
            report(done);
        }
        const Date checked = std::min(done.plus_days(2), today);
        if (checked < done) return;
        review(code, title, officer, holder, done, checked, "佐证齐全", true);
    }

    // The case of a matter's review and close-out, as acts of workflow would have left it.
    void review(const std::string& code, std::string_view title, const std::string& officer, const std::string& holder, Date begun, Date ended,
                std::string_view said, bool passed) {
        const std::string on = fmt::format("subject=task/{} ", pen_.id(pen_.model().find_type("task"), code));
        const std::string name = fmt::format("@{}-{}", code, ++cases_);
        const auto at = [](Date day, int hour) { return fmt::format(" at={}T{:02}:00:00+08:00", day.text(), hour); };
        const auto work = [&](int act, const char* step, const char* label, const char* post, const char* person, const char* status, Date given) {
            one(fmt::format("create work_item {}w{} flow_case={} {}title={} step={} step_label={} kind=approve round={} mode=one post={} status={} given_by={} given_on={} "
                            "workdays={} done_by={} done_post={} done_on={} minutes={} made_by={} ended_by={} effective={}",
                            name, act, name, on, title, step, label, act, post, status, officer, given.text(), act == 1 ? 3 : 2, person, post, ended.text(),
                            (ended.days - given.days) * 1440 + 95, act, act + 1, ended.text()));
        };
        const auto opinion = [&](int seq, const char* act, const char* step, std::string_view post, std::string_view person, std::string_view text, Date day) {
            one(fmt::format("create opinion {}flow_case={}{} act={} seq={} text={} post={} person={} because=own{} effective={}", on, name, *step ? std::string(" step=") + step : std::string(), act, seq,
                            text, post, person, at(day, 8 + seq), day.text()));
        };
        pen_.acting(officer, holder);
        one(fmt::format("create flow_case {} {}title={} move=close step={} status={} acts={} round={} starter={} answers={} begun={} ended={} effective={}", name, on, title,
                        passed ? "sign_off" : "review", passed ? "done" : "refused", passed ? 3 : 2, passed ? 2 : 1, officer, officer, begun.text(), ended.text(), ended.text()));
        opinion(1, "start", "", officer, holder, "佐证已上传，请覆核", begun);
        pen_.acting("P-DZ-3", "R-DZ-3");
        work(1, "review", "覆核", "P-DZ-3", "R-DZ-3", passed ? "agreed" : "disagreed", begun);
        opinion(2, passed ? "agree" : "disagree", "review", "P-DZ-3", "R-DZ-3", said, ended);
        if (!passed) return one(fmt::format("move task {} send_back effective={}", code, ended.text()));
        pen_.acting("P-DZ-2", "R-DZ-2");
        work(2, "sign_off", "销号", "P-DZ-2", "R-DZ-2", "agreed", ended);
        opinion(3, "agree", "sign_off", "P-DZ-2", "R-DZ-2", "同意销号", ended);
        one(fmt::format("move task {} close closed_on={} look_back_on={} effective={}", code, ended.text(), ended.plus_days(90).text(), ended.text()));
    }
    // Where the working-day clock is at work today: a due day counted from the assignment, a review and an extension under way.
    void under_way() {
        pen_.as("P-DZ-2", "R-DZ-2");
        const std::string common = " source=campaign directive=LY-04 lead=YJ officer=P-YJ-2 leader=P-DW-2 supervisor=P-DZ-2 reviewer=P-DZ-3 demand=按期办结并报佐证";
        one("create task code=DB-901 title=园区消防通道专项检查 workdays=10 due=2026-07-15 effective=2026-06-24" + common);
        one("create task code=DB-902 title=园区道路亮化提升 due=2026-07-10 effective=2026-06-01" + common);
        one("create task code=DB-903 title=园区雨污分流改造 due=2026-07-05 effective=2026-05-06" + common);
        for (const char* line : {"DB-901 assign assigned_on=2026-06-24 effective=2026-06-24", "DB-902 assign assigned_on=2026-06-01 effective=2026-06-01",
                                 "DB-903 assign assigned_on=2026-05-06 effective=2026-05-06"})
            one(std::string("move task ") + line);
        pen_.as("P-YJ-2", "R-YJ-2");
        for (const char* line : {"DB-901 sign signed_on=2026-06-25 effective=2026-06-25", "DB-902 sign signed_on=2026-06-02 effective=2026-06-02",
                                 "DB-903 sign signed_on=2026-05-07 effective=2026-05-07"})
            one(std::string("move task ") + line);
        one("create task_evidence task=DB-902 title=竣工验收单 day=2026-06-30 number=验2026-18号 effective=2026-06-30");
        one("move task DB-902 report reported_on=2026-06-30 result=已完成并验收 effective=2026-06-30");
        one("create task_extension @DB-903-X task=DB-903 asked_on=2026-06-30 new_due=2026-08-15 reason=汛期停工 effective=2026-06-30");
        start("task", "DB-902", "园区道路亮化提升", "close", "review", "覆核", "P-DZ-3", 3, "已验收，请覆核");
        start("task_extension", "@DB-903-X", "园区雨污分流改造延期", "approve", "decide", "批复", "P-DW-2", 2, "汛期停工，申请延期");
    }
    void start(std::string_view type, const std::string& key, std::string_view title, const char* move, const char* step, const char* label, const char* post, int workdays, const char* said) {
        const std::string subject = fmt::format("{}/{}", type, pen_.id(pen_.model().find_type(type), key));
        const std::string name = fmt::format("@{}-run", key);
        pen_.acting("P-YJ-2", "R-YJ-2");
        one(fmt::format("create flow_case {} subject={} title={} move={} step={} status=running running={} acts=1 round=1 starter=P-YJ-2 answers=P-YJ-2 begun=2026-06-30 effective=2026-06-30", name, subject,
                        title, move, step, subject));
        one(fmt::format("create work_item flow_case={} subject={} title={} step={} step_label={} kind=approve round=1 mode=one post={} lies_with={} status=open given_by=P-YJ-2 given_on=2026-06-30 workdays={} "
                        "given_at=2026-06-30T16:00:00+08:00 made_by=1 effective=2026-06-30",
                        name, subject, title, step, label, post, post, workdays));
        one(fmt::format("create opinion subject={} flow_case={} act=start seq=1 text={} post=P-YJ-2 person=R-YJ-2 because=own at=2026-06-30T16:00:00+08:00 effective=2026-06-30", subject, name, said));
        one(fmt::format("create message to_post={} kind=work subject={} title={} text={} at=2026-06-30T16:00:00+08:00 effective=2026-06-30", post, subject, title, said));
    }

    // The meeting of the day the demo stands still: planned, with its papers, to be held by whoever tries the demo.
    void next_meeting() {
        pen_.as("P-DZ-2", "R-DZ-2");
        one("create meeting code=DWH-2026-07 name=党工委会议（2026-07-01） committee=DWH series=L-DWH moved_because=七一活动提前 held=2026-07-01 place=第一会议室 presider=@DWH-1");
        one("create agenda_item @next meeting=DWH-2026-07 no=1 title=关于智慧消防中心升级资金 matter=M-08 amount=6800000.00 officer=P-YJ-1");
        one("create item_paper agenda_item=@next kind=paper title=智慧消防中心升级资金的请示 done=2026-06-26 by=YJ");
    }
    void lists() {
        pen_.acting("P-DZ-2", "R-DZ-2");
        one("create task_list @QD-01 title=园区建设提升年六月清单 of_type=task filter=source=='campaign' done_when=state=='closed' owner=P-DZ-2 due=2026-07-31 issued=2026-06-01 status=issued effective=2026-06-01");
        for (const auto& [code, title, officer] : campaign_)
            one(fmt::format("create list_line task_list=@QD-01 subject=task/{} title={} owner={} due=2026-07-31 status=open effective=2026-06-01",
                            pen_.id(pen_.model().find_type("task"), code), title, officer));
    }
    void tables();

    Pen& pen_;
    std::uint64_t seed_;
    std::string_view holidays_;
    int tasks_ = 0, cases_ = 0;
    struct Listed {
        std::string code, title, officer;
    };
    std::vector<Listed> campaign_;
};

struct DataRow {
    const char *code, *name, *by, *what;
};
constexpr DataRow data_items[] = {
    {"posts", "岗位数", "figure", "posts"},
    {"enterprises", "存续企业数", "figure", "enterprises"},
    {"projects", "在库项目数", "figure", "projects"},
    {"investment", "项目完成投资", "figure", "investment_done"},
    {"visits", "走访企业次数", "figure", "visits"},
    {"requests", "企业诉求数", "figure", "requests_raised"},
    {"requests_solved", "办结诉求数", "figure", "requests_solved"},
    {"tasks_due", "到期督办事项数", "figure", "tasks_due"},
    {"tasks_closed", "按期办结督办事项数", "figure", "tasks_closed_on_time"},
    {"unit_name", "单位名称", "record", "organ.name"},
    {"unit_kind", "单位类别", "record", "organ.kind"},
    {"volunteers", "志愿者人数", "hand", ""},
    {"elderly", "独居老人数", "hand", ""},
};
struct FormRow {
    const char *code, *name, *asked_by, *basis, *every, *items;  // items: codes with ';'
};
constexpr FormRow forms[] = {
    {"BB-01", "基层力量情况表", "虚构区社会工作部", "虚构市报表准入目录第1项", "month", "unit_name;unit_kind;posts;volunteers"},
    {"BB-02", "企业服务情况表", "虚构区发展改革部门", "虚构市报表准入目录第2项", "month", "unit_name;enterprises;visits;requests;requests_solved"},
    {"BB-03", "重点项目进度表", "虚构区发展改革部门", "虚构市报表准入目录第3项", "month", "unit_name;projects;investment"},
    {"BB-04", "督办事项办结情况表", "虚构区督查部门", "虚构市报表准入目录第4项", "month", "unit_name;tasks_due;tasks_closed"},
    {"BB-05", "营商环境情况表", "虚构区审批部门", "虚构市报表准入目录第5项", "quarter", "unit_name;enterprises;requests;requests_solved;projects"},
    {"BB-06", "特殊群体关爱情况表", "虚构区民政部门", "虚构市报表准入目录第6项", "quarter", "unit_name;elderly;volunteers"},
};

void Decisions::tables() {
    pen_.as("P-DZ-2", "R-DZ-2");
    for (const DataRow& row : data_items) {
        const std::string_view what = row.what;
        const std::size_t dot = what.find('.');
        one(fmt::format("create data_item code={} name={} answered_by={} officer=P-DZ-2{}", row.code, row.name, row.by,
                        std::string_view(row.by) == "figure"   ? fmt::format(" figure={}", what)
                        : std::string_view(row.by) == "record" ? fmt::format(" record_type={} record_field={}", what.substr(0, dot), what.substr(dot + 1))
                                                               : std::string()));
    }
    for (const FormRow& row : forms) {
        one(fmt::format("create table_form code={} name={} asked_by={} basis={} every={} officer=P-JDS-2 effective=2026-01-10", row.code, row.name,
                        row.asked_by, row.basis, row.every));
        std::string_view rest = row.items;
        for (int no = 1; !rest.empty(); ++no) {
            const std::string_view item = rest.substr(0, rest.find(';'));
            rest.remove_prefix(std::min(item.size() + 1, rest.size()));
            const auto* known = std::find_if(std::begin(data_items), std::end(data_items), [&](const DataRow& d) { return item == d.code; });
            one(fmt::format("create table_field table_form={} no={} name={} item={}", row.code, no, known->name, item));
        }
        one(fmt::format("move table_form {} admit effective=2026-01-10", row.code));
    }
    one("create table_form code=BB-07 name=楼道杂物周报 asked_by=某专班 every=month officer=P-JDS-2 effective=2026-05-06");
    one("move table_form BB-07 strike effective=2026-05-20");
    pen_.as("P-JDS-2", "R-JDS-2");
    one("create table_request code=SY-01 name=楼道杂物周报 asked_by=某专班 asked_on=2026-05-06 table_form=BB-07 officer=P-JDS-2");
    pen_.flush();
    one("move table_request SY-01 refuse rule_cited=虚构市报表准入办法第五条 answer=不在准入目录内，不予填报 effective=2026-05-20");
}
}  // namespace

void decisions(Pen& pen, const Options& options) { Decisions(pen, options).write(); }

}  // namespace yipan::demo

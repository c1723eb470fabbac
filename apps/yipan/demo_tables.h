#pragma once
// What the demo board is made of. Every name is invented; none is a real place, body or person.
#include <array>
#include <cstdint>

namespace yipan::demo {

struct OrganRow {
    const char *code, *name, *kind, *upper;
    int posts;
};
inline constexpr OrganRow organs[] = {
    {"JC", "甲川经济开发区", "zone", "", 0},      {"DW", "党工委", "committee", "JC", 6},
    {"DZ", "党政办公室", "office", "JC", 9},      {"ZZ", "组织人事局", "office", "JC", 7},
    {"CZ", "财政局", "office", "JC", 8},          {"JF", "经济发展局", "office", "JC", 10},
    {"ZS", "招商局", "office", "JC", 11},         {"GJ", "规划建设局", "office", "JC", 9},
    {"QF", "企业服务局", "office", "JC", 12},     {"KC", "科技创新局", "office", "JC", 6},
    {"SH", "社会事业局", "office", "JC", 8},      {"ZF", "综合执法局", "office", "JC", 10},
    {"YJ", "应急管理局", "office", "JC", 9},      {"KH", "考核办公室", "office", "JC", 5},
    {"SP", "行政审批局", "office", "JC", 7},      {"GZ", "甲川产业投资公司", "company", "JC", 6},
    {"JD", "川口街道", "subdistrict", "JC", 5},   {"JDD", "街道党建办", "office", "JD", 5},
    {"JDJ", "街道经济办", "office", "JD", 7},     {"JDS", "街道社区办", "office", "JD", 6},
    {"JDP", "街道平安法治办", "office", "JD", 6}, {"JDC", "街道城建办", "office", "JD", 5},
    {"JDN", "街道农业农村办", "office", "JD", 5}, {"C1", "上川村", "village", "JD", 4},
    {"C2", "下川村", "village", "JD", 4},         {"C3", "川东村", "village", "JD", 4},
    {"C4", "川西村", "village", "JD", 4},         {"C5", "渡北村", "village", "JD", 4},
    {"C6", "石汀村", "village", "JD", 4},         {"C7", "苇湾村", "village", "JD", 4},
    {"S1", "川南社区", "community", "JD", 4},     {"S2", "川北社区", "community", "JD", 4},
    {"S3", "船厂社区", "community", "JD", 4},     {"S4", "纸坊社区", "community", "JD", 4},
    {"S5", "电厂社区", "community", "JD", 4},     {"S6", "汀州路社区", "community", "JD", 4},
    {"PP", "临港合作园", "park", "JC", 6},        {"PPX", "合作园项目办", "office", "PP", 4},
};

inline constexpr const char* zone_lines[] = {
    "create stat_unit code=990 name=虚构市 level=city officer=P-JF-2",
    "create stat_unit code=990100 name=虚构区 level=county officer=P-JF-2",
    "create stat_unit code=990100900 name=甲川经济开发区 level=zone officer=P-JF-2",
    "create stat_unit code=990100006 name=川口街道 level=street officer=P-JDJ-2",
    "create stat_unit code=990100901 name=临港合作园 level=zone partner=yes officer=P-PPX-2",
    "create stat_unit_link upper=990 stat_unit=990100 valid_from=2010-01-01",
    "create stat_unit_link upper=990100 stat_unit=990100900 valid_from=2010-01-01",
    "create stat_unit_link upper=990100 stat_unit=990100006 valid_from=2010-01-01",
    "create stat_unit_link upper=990100 stat_unit=990100901 valid_from=2018-01-01",
    "create organ_statistical organ=JC stat_unit=990100900 valid_from=2010-01-01",
    "create organ_statistical organ=JD stat_unit=990100006 valid_from=2010-01-01",
    "create organ_statistical organ=JC stat_unit=990100006 valid_from=2024-01-01",
    "create organ_statistical organ=PP stat_unit=990100901 valid_from=2018-01-01",
    "create duty code=Z-01 name=重大事项决策 mode=united owner=DZ decider=DW executors=DZ",
    "create duty code=Z-02 name=干部管理 mode=united owner=ZZ decider=DW executors=ZZ;JDD",
    "create duty code=Z-03 name=财政资金统筹 mode=united owner=CZ decider=DW executors=CZ;GZ",
    "create duty code=Z-04 name=招商引资 mode=joint owner=ZS decider=DW executors=ZS;JDJ;PPX",
    "create duty code=Z-05 name=重大项目推进 mode=joint owner=JF decider=DW executors=JF;GJ;SP;JDC",
    "create duty code=Z-06 name=企业服务 mode=joint owner=QF decider=JF executors=QF;JDJ",
    "create duty code=Z-07 name=考核督查 mode=united owner=KH decider=DW executors=KH",
    "create duty code=Z-08 name=安全生产监管 mode=joint owner=YJ decider=DW executors=YJ;JDP",
    "create duty code=Z-09 name=综合执法 mode=joint owner=ZF decider=ZF executors=ZF;JDC",
    "create duty code=Z-10 name=社区治理 mode=divided owner=JDS decider=JD executors=S1;S2;S3;S4;S5;S6",
    "create duty code=Z-11 name=乡村振兴 mode=divided owner=JDN decider=JD executors=C1;C2;C3;C4;C5;C6;C7",
    "create assessment code=A-2026H1 name=2026年上半年开发区考核 scheme=wanjiang half=2026H1 officer=P-KH-2",
};

/// Year 2024 in units of the measure (yuan, dollars, number) by statistical unit: zone, subdistrict, partner park;
/// growth of 2025 and 2026 over the year before, and the target over the expected year, in thousandths. 0: the unit
/// does not report it.
struct IndicatorRow {
    const char *code, *name, *measure, *unit_name;
    std::int64_t base[3];
    int growth[2];
    int aim;  // 0: no target
};
inline constexpr IndicatorRow indicators[] = {
    {"industrial_output",
     "规上工业产值",
     "cny",
     "",
     {33'800'000'000, 17'600'000'000, 9'200'000'000},
     {1068, 1083},
     975},
    {"fixed_investment", "固定资产投资", "cny", "", {6'420'000'000, 2'150'000'000, 1'830'000'000}, {1042, 1065}, 990},
    {"industrial_investment", "工业投资", "cny", "", {4'310'000'000, 980'000'000, 1'240'000'000}, {1081, 1097}, 965},
    {"wholesale_sales", "限上批发销售额", "cny", "", {12'700'000'000, 8'900'000'000, 0}, {1102, 1146}, 930},
    {"retail_sales", "限上零售额", "cny", "", {410'000'000, 1'260'000'000, 0}, {1021, 1034}, 1010},
    {"service_revenue", "规上服务业营业收入", "cny", "", {1'120'000'000, 690'000'000, 210'000'000}, {1055, 1071}, 1000},
    {"budget_revenue", "一般公共预算收入", "cny", "", {1'360'000'000, 420'000'000, 190'000'000}, {1019, 1027}, 1060},
    {"goods_trade", "货物进出口额", "cny", "", {4'900'000'000, 1'300'000'000, 2'600'000'000}, {1034, 1012}, 1120},
    {"domestic_capital", "实际利用区外资金", "cny", "", {3'700'000'000, 640'000'000, 0}, {1076, 1088}, 980},
    {"foreign_capital", "实际使用外资", "usd", "", {61'000'000, 9'400'000, 0}, {934, 1073}, 1010},
    {"service_trade", "服务贸易额", "usd", "", {23'500'000, 4'100'000, 0}, {1093, 1118}, 960},
    {"power_use", "工业用电量", "number", "万千瓦时", {142'000, 63'000, 51'000}, {1046, 1053}, 0},
    {"new_jobs", "城镇新增就业", "number", "人", {2'900, 3'400, 600}, {1008, 1015}, 0},
};
inline constexpr IndicatorRow stocks[] = {
    {"employees", "规上工业从业人员", "number", "人", {21'400, 9'800, 4'300}, {1012, 1018}, 0},
    {"loans", "制造业贷款余额", "cny", "", {15'600'000'000, 5'200'000'000, 2'400'000'000}, {1094, 1117}, 0},
    {"units_above_size", "规上工业企业数", "number", "家", {96, 84, 27}, {1052, 1064}, 0},
};
inline constexpr const char* unit_codes[3] = {"990100900", "990100006", "990100901"};
inline constexpr std::array<int, 12> season = {75, 65, 88, 82, 85, 95,
                                               80, 80, 88, 82, 85, 95};  // of a year, in thousandths

struct ItemRow {
    const char* item;
    std::int64_t base;  // with 4 decimals
    int spread, step;   // between zones and from half to half, in thousandths
};
inline constexpr ItemRow items[] = {
    {"gdp", 1'480'000, 380, 26},
    {"fiscal_revenue", 96'000, 360, 14},
    {"trade", 42'000, 420, 12},
    {"foreign_direct", 3'500, 500, 9},
    {"outside_capital", 230'000, 330, 31},
    {"fixed_assets", 430'000, 300, 22},
    {"value_added", 690'000, 340, 28},
    {"urbanisation", 713'000, 90, 5},
    {"emerging_share", 412'000, 210, 15},
    {"modern_services_share", 236'000, 190, 11},
    {"key_industry_concentration", 655'000, 160, 7},
    {"investment_intensity", 3'740'000, 220, 12},
    {"land_tax_yield", 214'000, 310, 18},
    {"innovation_contribution", 621'000, 120, 8},
    {"urban_income", 309'600'000, 140, 27},
    {"rural_income", 164'200'000, 150, 31},
    {"jobs", 31'000'000, 280, 4},
    {"three_simultaneous_rate", 981'000, 18, 1},
    {"energy_per_output", 4'300, 240, -16},
    {"emission_completion", 1'012'000, 60, 3},
};
/// What our own zone reports to the ranking and also keeps as an indicator: the same months, so that the two never
/// contradict one another. Reported = indicator's half-year x times / per, with 4 decimals (7.1 yuan a dollar).
struct OwnItemRow {
    const char *item, *indicator;
    std::int64_t times, per;
};
inline constexpr OwnItemRow own_items[] = {{"fixed_assets", "fixed_investment", 1, 10'000},
                                           {"trade", "goods_trade", 10, 710'000},
                                           {"foreign_direct", "foreign_capital", 1, 10'000},
                                           {"jobs", "new_jobs", 10'000, 1}};
inline constexpr const char* zones[][2] = {
    {"JC", "甲川经济开发区"}, {"YI", "乙川经济开发区"}, {"BING", "丙川经济开发区"}, {"DING", "丁川经济开发区"},
    {"WU", "戊川经济开发区"}, {"JI", "己川经济开发区"}, {"GENG", "庚川经济开发区"}, {"XIN", "辛川经济开发区"}};

struct FactRow {
    const char *item, *name, *measure, *source, *organ, *post;
    std::int64_t base;  // with 4 decimals
    int spread;         // in thousandths
};
inline constexpr FactRow facts[] = {
    {"committee_meetings", "党工委决策会议", "次", "会议台账", "JC", "P-DZ-2", 140'000, 100},
    {"resolutions", "议定事项", "项", "会议纪要", "JC", "P-DZ-2", 860'000, 150},
    {"staff_pooled", "统筹调配干部", "人次", "人事台账", "JC", "P-ZZ-2", 420'000, 250},
    {"task_forces", "组建专班", "个", "人事台账", "JC", "P-ZZ-2", 70'000, 200},
    {"investment_trips", "外出招商", "批次", "招商周报", "JC", "P-ZS-2", 610'000, 180},
    {"companies_visited", "拜访企业", "家", "招商周报", "JC", "P-ZS-2", 2'140'000, 180},
    {"smart_factories", "省级先进智能工厂", "家", "认定文件", "JC", "P-KC-2", 30'000, 400},
    {"tech_enterprises", "科技型中小企业", "家", "入库名单", "JC", "P-KC-2", 1'180'000, 120},
    {"talent_awards", "人才计划入选", "人次", "入选名单", "JC", "P-KC-2", 160'000, 300},
    {"hotline_cases", "12345工单", "件", "热线月报", "JC", "P-SH-2", 24'600'000, 110},
    {"hotline_satisfied", "12345满意率", "%", "热线月报", "JC", "P-SH-2", 974'200, 9},
    {"disputes_settled", "化解矛盾纠纷", "起", "调解台账", "JC", "P-JDP-2", 1'260'000, 160},
    {"dispute_rate", "矛盾化解率", "%", "调解台账", "JC", "P-JDP-2", 983'000, 8},
    {"illegal_area", "拆除违法建设", "平方米", "执法台账", "JC", "P-ZF-2", 86'400'000, 240},
    {"air_good_days", "空气优良天数比率", "%", "环境月报", "JC", "P-GJ-2", 826'000, 30},
    {"fire_alarms", "智慧消防接警", "起", "消防中心", "JC", "P-YJ-2", 3'120'000, 200},
    {"fire_arrival", "平均到场时间", "分钟", "消防中心", "JC", "P-YJ-2", 41'000, 90},
    {"hazards_found", "排查隐患", "处", "安全台账", "JC", "P-YJ-2", 9'470'000, 130},
    {"hazards_fixed", "隐患整改率", "%", "安全台账", "JC", "P-YJ-2", 991'000, 6},
    {"model_villages", "和美乡村示范村", "个", "农村工作月报", "JC", "P-JDN-2", 30'000, 300},
};  // hightech_applications is not reported: its sentence stands in the list of what was left out

inline constexpr const char* surnames[] = {"甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"};
inline constexpr const char* given_names[] = {"一", "二", "三", "四", "五", "六", "七", "八",
                                              "九", "十", "百", "千", "东", "南", "西", "北"};
inline constexpr const char* firm_names[] = {"川禾", "川锐", "川岳", "川霖", "石汀", "苇湾", "渡云", "汀澜",
                                             "甲辰", "甲锐", "禾汀", "岳澜", "霖石", "锐汀", "云苇", "辰渡"};
struct IndustryRow {
    const char *code, *word, *project, *product;
    int growth;     // of output a year, in thousandths
    int tax_share;  // of output, in ten-thousandths
};
inline constexpr IndustryRow industries[] = {
    {"equipment", "机械", "equipment", "智能装备产线", 1094, 310},
    {"materials", "新材料", "materials", "高性能材料基地", 1118, 280},
    {"paper", "纸品", "paper", "绿色包装车间", 1021, 240},
    {"medical", "医疗器械", "medical", "医疗器械厂房", 1142, 460},
    {"logistics", "港务物流", "logistics", "临港仓储", 1057, 210},
    {"trade", "供应链", "logistics", "供应链中心", 1126, 60},
    {"services", "工业服务", "infrastructure", "孵化器及配套", 1073, 380},
};
inline constexpr const char* project_organs[][2] = {
    {"JF", "P-JF-3"},   {"ZS", "P-ZS-3"}, {"GJ", "P-GJ-3"}, {"QF", "P-QF-3"}, {"GZ", "P-GZ-2"},  {"JDC", "P-JDC-2"},
    {"JDJ", "P-JDJ-3"}, {"C1", "P-C1-2"}, {"C3", "P-C3-2"}, {"S3", "P-S3-2"}, {"PPX", "P-PPX-3"}};
inline constexpr const char* milestone_names[] = {"项目备案", "桩基完成", "主体封顶", "设备进场", "联合试车"};

// Who may do what (docs/rights.md): roles given to posts over an organ and everything below it. Besides, every post is staff
// (or partner) and head of its own organ by the model's rules.
inline constexpr const char* role_lines[] = {
    "create post_role held_post=P-DW-1 role=leader organ=JC valid_from=2024-01-01 basis=党工委分工",
    "create post_role held_post=P-DW-2 role=leader organ=JC valid_from=2024-01-01 basis=党工委分工",
    "create post_role held_post=P-DW-3 role=leader organ=JC valid_from=2024-01-01 basis=党工委分工",
    "create post_role held_post=P-DW-6 role=auditor organ=JC valid_from=2024-01-01 basis=纪检监督",
    "create post_role held_post=P-ZZ-2 role=organiser organ=JC valid_from=2024-01-01 basis=职能Z-02",
    "create post_role held_post=P-CZ-2 role=finance organ=JC valid_from=2024-01-01 basis=职能Z-03",
    "create post_role held_post=P-JF-2 role=statistician organ=JC valid_from=2024-01-01 basis=统计职责",
    "create post_role held_post=P-KH-2 role=assessor organ=JC valid_from=2024-01-01 basis=职能Z-07",
    "create post_role held_post=P-QF-2 role=service organ=JC valid_from=2024-01-01 basis=职能Z-06",
    "create post_role held_post=P-GJ-2 role=head organ=JDC valid_from=2025-03-01 basis=业务归口",
    "create post_role held_post=P-YJ-2 role=staff organ=JDP valid_from=2025-03-01 basis=业务归口",
    "create post_role held_post=P-ZS-6 role=partner organ=PP valid_from=2025-03-01 basis=驻园联络",
    // Not in force on the day the demo stands still: not yet, and no more.
    "create post_role held_post=P-JF-3 role=statistician organ=JC valid_from=2026-08-01 basis=岗位轮换",
    "create post_role held_post=P-CZ-3 role=finance organ=JC valid_from=2024-01-01 valid_to=2025-12-31 basis=年度授权",
    "create post_role held_post=P-DZ-2 role=secretary organ=JC valid_from=2024-01-01 basis=会务督查",
    "create post_role held_post=P-DZ-3 role=secretary organ=JC valid_from=2024-01-01 basis=督查覆核",
};
// One person in several posts (一人多岗): nobody acts in two at once.
inline constexpr const char* post_lines[] = {
    "create appointment person=R-JD-1 held_post=P-DW-3 kind=concurrent valid_from=2025-02-01",
    "create appointment person=R-JDJ-2 held_post=P-ZS-4 kind=concurrent valid_from=2025-02-01",
    "create appointment person=R-JDJ-2 held_post=P-QF-5 kind=seconded valid_from=2025-09-01 valid_to=2026-12-31",
    "create appointment person=R-GJ-5 held_post=P-JDC-3 kind=seconded valid_from=2025-09-01 valid_to=2026-09-30",
    "create appointment person=R-KC-3 held_post=P-JF-4 kind=concurrent acting=yes valid_from=2025-06-01",
    "create appointment person=R-CZ-5 held_post=P-JDN-2 kind=seconded valid_from=2024-03-01 valid_to=2025-12-31",
};
struct TellingRow {
    const char *person, *hans, *hant, *en;
};
inline constexpr TellingRow telling[] = {
    {"R-DW-1", "党工委领导：看全区，终止项目、下达目标", "黨工委領導：看全區，終止項目、下達目標",
     "Leader: sees the whole zone, stops projects, issues targets"},
    {"R-JDJ-2", "一人三岗：街道经济办本职，兼招商局，借调企业服务局；切换身份，看到的随之改变",
     "一人三崗：街道經濟辦本職，兼招商局，借調企業服務局；切換身份，看到的隨之改變",
     "Three posts: subdistrict economy office, also investment office, seconded to enterprise service; what is shown follows the post"},
    {"R-JD-1", "街道负责人，兼党工委委员：管街道，换岗后看全区", "街道負責人，兼黨工委委員：管街道，換崗後看全區",
     "Head of the subdistrict and member of the committee: runs the subdistrict; in the other post sees the whole zone"},
    {"R-DZ-2", "会务督查：筹备会议、记表决、立项督办、印发通报；今天的党工委会议等着开", "會務督查：籌備會議、記表決、立項督辦、印發通報；今天的黨工委會議等著開",
     "Secretariat: prepares meetings, records votes, follows matters up, issues circulars; today's committee meeting waits to be held"},
    {"R-QF-3", "企业服务局经办：只看本局的事，填自己联系的企业月报和走访", "企業服務局經辦：只看本局的事，填自己聯繫的企業月報和走訪",
     "Clerk: sees the own office, enters reports and visits of the own enterprises"},
    {"R-QF-2", "企业服务：管全区企业档案，可合并重复", "企業服務：管全區企業檔案，可合併重複",
     "Enterprise service: keeps every enterprise of the zone, merges duplicates"},
    {"R-JF-1", "经济发展局负责人：管本局项目，能改计划，不能看税收", "經濟發展局負責人：管本局項目，能改計劃，不能看稅收",
     "Head of an office: changes plans of its projects, does not see taxes"},
    {"R-JF-2", "统计：填全区指标；看不到单个企业的税收，小数目显示为少于3", "統計：填全區指標；看不到單個企業的稅收，小數目顯示為少於3",
     "Statistician: enters the zone's indicators; sees no enterprise's tax, and no number behind which fewer than 3 stand"},
    {"R-CZ-2", "财政：看、填企业税收", "財政：看、填企業稅收", "Finance: sees and enters taxes of enterprises"},
    {"R-KH-2", "考核办：分解目标，管考核与申诉", "考核辦：分解目標，管考核與申訴",
     "Assessment office: divides targets, runs assessment and appeals"},
    {"R-ZZ-2", "组织人事：管机构、岗位、任职和角色；看个人信息要说明理由并留痕", "組織人事：管機構、崗位、任職和角色；看個人資料要說明理由並留痕",
     "Personnel: organs, posts, appointments, roles; personal data only with a reason, which is recorded"},
    {"R-DW-6", "审计监督：全看，不写", "審計監督：全看，不寫", "Audit: sees everything, writes nothing"},
    {"R-PPX-2", "合作园区：只看、只填合作园区自己的事", "合作園區：只看、只填合作園區自己的事",
     "Partner park: sees and enters only what is the park's own"},
};

}  // namespace yipan::demo

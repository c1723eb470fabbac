// What the server refused, put where the reader can mend it and in the reader's language. The server speaks English; the sentences people
// meet are matched here and said anew. One that is not known is shown as it came: better a foreign sentence than none.
import type { Fault, Problem } from './api'
import { fieldLabel, fieldOf, said, typeLabel, typeOf, type Type } from './model'
import { prefs } from './prefs'

const sentences: [RegExp, string][] = [
  [/^\S+ is required$/, '必填'],
  [/^fill in (.+)$/, '请填写“$1”|請填寫“$1”'],
  [/^\S+ is (\S+), below its least value$/, '$1 低于下限|$1 低於下限'],
  [/^\S+ is (\S+), above its greatest value$/, '$1 高于上限|$1 高於上限'],
  [/^at least (.+)$/, '不小于 $1|不小於 $1'],
  [/^at most (\S+)$/, '不超过 $1|不超過 $1'],
  [/^\S+ has (\d+) characters$/, '共 $1 个字符，过长|共 $1 個字符，過長'],
  [/^expects yes or no$/, '只能填“是”或“否”|只能填“是”或“否”'],
  [/^the date lies outside the years 1 to 9999$/, '日期超出范围|日期超出範圍'],
  [/^is not a period$/, '不是期间|不是期間'],
  [/^\S+ is an? (month|quarter|half|year|year_to_date)$/, '期间类别不符|期間類別不符'],
  [/^is not valid UTF-8 or holds a control character$/, '含有控制字符或编码有误|含有控制字符或編碼有誤'],
  [/^an empty text$/, '内容为空|內容為空'],
  [/^leave the field unset$/, '可留空'],
  [/^"(.*)" is not a choice of .+$/, '“$1”不在可选项中|“$1”不在可選項中'],
  [/^one of: (.+)$/, '可选：$1|可選：$1'],
  [/^is not a list of references$/, '不是有效的引用|不是有效的引用'],
  [/^is not an attachment$/, '不是有效的附件'],
  [/^is not a GeoJSON (Point|Polygon) in degrees$/, '不是有效的位置（经纬度）|不是有效的位置（經緯度）'],
  [/^no (\S+) with id (\d+)$/, '没有编号 $2 的记录|沒有編號 $2 的記錄'],
  [/^no (\S+) "(.*)"$/, '找不到“$2”|找不到“$2”'],
  [/^its (\S+) as in: yipan list BOARD (\S+)$/, '请填写其编号|請填寫其編號'],
  [/^it may have been deleted$/, '可能已被删除|可能已被刪除'],
  [/^choose an existing one$/, '请选择已有的|請選擇已有的'],
  [/^(.+) is at version (\d+), the draft was made from version (\d+)$/, '$1 已是第 $2 版，您依据的是第 $3 版|$1 已是第 $2 版，您依據的是第 $3 版'],
  [/^read it again and repeat the change$/, '请重新读取后再改|請重新讀取後再改'],
  [/^(.+) is void$/, '$1 已作废|$1 已作廢'],
  [/^restore it first, or enter a new one$/, '请先恢复，或另行新增|請先恢復，或另行新增'],
  [/^choose one that is valid$/, '请选择有效的|請選擇有效的'],
  [/^\S+ is computed$/, '由系统计算|由系統計算'],
  [/^leave it out$/, '不必填写|不必填寫'],
  [/^a state changes by a move, not by typing$/, '状态须通过办理步骤变更|狀態須通過辦理步驟變更'],
  [/^(?:.+) exists already: (.+?)( \(void\))?$/, '已存在：$1|已存在：$1'],
  [/^restore that record, or use another value$/, '请恢复该记录或改用其他值|請恢復該記錄或改用其他值'],
  [/^the acting post may not do "(.+)" \(\S+\)$/, '当前岗位无权办理“$1”|當前崗位無權辦理“$1”'],
  [/^allowed where: (.+)$/, '条件：$1|條件：$1'],
  [/^(.+) is in state (\S+); "(\S+)" starts from (.+)$/, '$1 当前状态不能办理此步骤|$1 當前狀態不能辦理此步驟'],
  [/^this record is outside of what this post may create (.+)$/, '超出当前岗位可新增的范围|超出當前崗位可新增的範圍'],
  [/^this record is outside of what (?:this|the) post may (\S+)/, '超出当前岗位的权限范围|超出當前崗位的權限範圍'],
  [/^no role of this post may create (\S+)$/, '当前岗位无权新增|當前崗位無權新增'],
  [/^no right of this post$/, '当前岗位无权办理|當前崗位無權辦理'],
  [/^no role of this post may (\S+)/, '当前岗位无权进行此操作|當前崗位無權進行此操作'],
  [/^act in another post$/, '请切换身份|請切換身份'],
  [/^no such record, or you may not see it$/, '没有此记录，或当前身份不可见|沒有此記錄，或當前身份不可見'],
  [/^no such record, figure, unit, period or file$/, '没有此内容，或当前身份不可见|沒有此內容，或當前身份不可見'],
  [/^too many .*$/, '过于频繁，请稍后再试|過於頻繁，請稍後再試'],
  [/^somebody (?:else )?was first.*$/, '他人已先办理|他人已先辦理'],
  [/^the sign-in provider is not reached.*$/, '统一登录服务暂时不可用。|統一登入服務暫時不可用。'],
  [/^nothing is here$/, '没有此内容|沒有此內容'],
  [/^sign in first$/, '请先登录|請先登入'],
  [/^this is for (\w+) administrators$/, '仅限相应管理员|僅限相應管理員'],
  [/^the account or the password is wrong$/i, '账号或密码不正确|帳號或密碼不正確'],
  [/^the link (?:was used|is used|has been used|is over|is not valid).*$/i, '链接已用过或已失效|鏈接已用過或已失效'],
  [/^a reason of 1 to 1,000 bytes is needed$/, '须写明原因|須寫明原因'],
  [/^it is kept in the journal$/, '将记入台账|將記入臺賬'],
  [/^"(.*)" is not a number$/, '“$1”不是数字|“$1”不是數字'],
  [/^"(.*)" is not a day of the calendar$/, '“$1”不是日期'],
  [/^write YYYY-MM-DD, e\.g\. (\S+)$/, '请写成 $1|請寫成 $1'],
  [/^"(.*)" is not a date$/, '“$1”不是日期'],
  [/^it lies with (.+), not with the acting post$/, '此事在“$1”，不在当前岗位|此事在“$1”，不在當前崗位'],
  [/^may act: (.+)$/, '可办理：$1|可辦理：$1'],
  [/^nobody holds that post$/, '该岗位空缺|該崗位空缺'],
  [/^only (.+), who started it, may do that$/, '只有发起人“$1”可以办理|只有發起人“$1”可以辦理'],
  [/^ask for it to be returned$/, '请对方退回|請對方退回'],
  [/^who started it or had it in hand may urge$/, '发起人或经办人可以催办|發起人或經辦人可以催辦'],
  [/^the acting post may not start "(.+)" \(\S+\)$/, '当前岗位无权发起“$1”|當前崗位無權發起“$1”'],
  [/^no right of this post covers the move$/, '当前岗位无权办理此步骤|當前崗位無權辦理此步驟'],
  [/^nobody is named$/, '没有指定岗位|沒有指定崗位'],
  [/^the work is there already$/, '此事已在该岗位|此事已在該崗位'],
  [/^a post cannot stand in for itself$/, '岗位不能委托自身|崗位不能委託自身'],
  [/^the last day is before the first$/, '截止日期早于起始日期|截止日期早於起始日期'],
  [/^these days are over$/, '日期已过|日期已過'],
  [/^more than a year$/, '超过一年|超過一年'],
  [/^it is delegated to that post already from (\S+) to (\S+)$/, '该岗位已受委托：$1 至 $2|該崗位已受委託：$1 至 $2'],
  [/^the work item has changed since it was shown$/, '此事在您打开后已有变动|此事在您打開後已有變動'],
  [/^look at it again$/, '请重新查看|請重新查看'],
  [/^the case is over: (\S+)$/, '流程已结束|流程已結束'],
  [/^nothing more can be done in it$/, '不能再办理|不能再辦理'],
  [/^this work has no steps to return to$/, '没有可退回的步骤|沒有可退回的步驟'],
  [/^"(.*)" is no earlier step$/, '“$1”不是之前的步骤|“$1”不是之前的步驟'],
  [/^the last act was taken back already$/, '上一步已撤回'],
  [/^the ballot is (?:being )?closed$/, '表决已结束|表決已結束'],
  [/^no right to vote in this ballot$/, '无表决权|無表決權'],
  [/^the filter selects nothing$/, '没有符合条件的记录|沒有符合條件的記錄'],
  [/^more than (\S+) (?:records|items|copies|voters)$/, '超过 $1 条|超過 $1 條'],
  [/^there is no such (?:post|person|case|work item|list|ballot).*$/, '没有此项，或当前身份不可见|沒有此項，或當前身份不可見'],
  [/^this post may not (?:import|export) \S+$/, '当前岗位无权导入导出|當前崗位無權導入導出'],
  [/^there is no file$/, '没有文件|沒有文件'],
  [/^webhooks belong to accounts$/, '推送属于账号|推送屬於帳號'],
  [/^a comment has 1 to 4,000 bytes$/, '意见须为 1 至 4000 字节|意見須為 1 至 4000 字節'],
  [/^200 drafts are kept already$/, '草稿已满 200 份|草稿已滿 200 份'],
  [/^expects? (?:an? )?(.+)$/, '应为 $1|應為 $1'],
]

/** A sentence of the server in the language of the page. */
export function inWords(text: string): string {
  // The rules of the model speak simplified Chinese and English at once.
  const twice = /^(.*[\u4e00-\u9fff].*?) \/ ([^\u4e00-\u9fff]+)$/.exec(text)
  if (twice) return prefs.language === 'en' ? twice[2] : twice[1]
  if (prefs.language === 'en') return text.replace(/^this record is outside of what this post may (\w+) .+$/, 'this post may not $1 this record').replace(/^no right of this post$/, 'this post may not').replace(/^\S+ is required$/, 'required').replace(/^fill in .*[\u4e00-\u9fff].*$/, '')
  for (const [pattern, chinese] of sentences) {
    const found = pattern.exec(text)
    if (!found) continue
    const [hans, hant] = chinese.split('|')
    return (prefs.language === 'hant' ? (hant ?? hans) : hans).replace(/\$(\d)/g, (_, n) => found[Number(n)] ?? '')
  }
  return text
}

/** Message and way out. The codes of choices become their labels when the field is known. */
export function faultText(fault: Fault, shown?: Type): string {
  const line = lineOf(fault)
  const type = line ? typeOf(line.type) : shown
  // A table names its fields by their headings.
  const code = fieldCode(fault)
  const field = type && (fieldOf(type, code) ?? type.fields.find((one) => Object.values(one.label).includes(code)))
  const labelled = (text: string) =>
    field?.choices && /^one of: /.test(text)
      ? `one of: ${text.slice(8).split(/[, ]+/).map((code) => said(field.choices!.find((choice) => choice.code === code)?.label, code)).join(prefs.language === 'en' ? ', ' : '、')}`
      : text
  // That a field is to be filled in is said by its being required.
  const hint = fault.hint && !/^rule \w+: /.test(fault.hint) && !(/ is required$/.test(fault.message) && /^fill in /.test(fault.hint)) ? inWords(labelled(fault.hint)) : ''
  return inWords(fault.message) + (hint ? (prefs.language === 'en' ? ` (${hint})` : `（${hint}）`) : '')
}

/** The line of an owned type a fault lies in: children.permit[0]:kind. */
export const lineOf = (fault: Fault) => {
  const found = /^children\.(\w+)\[(\d+)\](?:[.:](\w+))?$/.exec(fault.where ?? '')
  return found ? { type: found[1], index: Number(found[2]), field: found[3] ?? '' } : null
}
const fieldCode = (fault: Fault) => (fault.where ?? '').split(/[./:]/).pop()!.replace(/\[.*/, '')
/** Where a fault lies, as its reader calls the place. */
export function faultPlace(fault: Fault, type?: Type): string {
  const line = lineOf(fault)
  if (line) return `${typeLabel(line.type)} ${line.index + 1} ${fieldLabel(typeOf(line.type), line.field)}`
  return type ? said(fieldOf(type, fieldCode(fault))?.label, fault.where) : fault.where
}

/** table.xlsx:12:3 as people find it in a table. */
export function placeInTable(where: string): string {
  const found = /^(.*?):?(\d+)(?::([^:]+))?$/.exec(where ?? '')
  if (!found) return where ?? ''
  const row = prefs.language === 'en' ? `row ${found[2]}` : `第 ${found[2]} 行`
  return found[3] ? `${row} · ${found[3]}` : row
}

/** The faults of each field; what belongs to no field shown stands under ''. */
export function byField(problem: Problem | null, fields: string[]): Record<string, Fault[]> {
  const found: Record<string, Fault[]> = {}
  for (const fault of problem?.faults ?? []) {
    const code = fieldCode(fault)
    const at = fields.includes(fault.where) ? fault.where : fields.includes(code) && !lineOf(fault) ? code : ''
    ;(found[at] ??= []).push(fault)
  }
  return found
}

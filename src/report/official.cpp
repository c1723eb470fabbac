// An official document after GB/T 9704-2012: A4, margins 37, 26, 35 and 28 mm, so a block of 156 x 225 mm with 22 lines of 28 characters in
// 仿宋 of size 3 (16 pt); title in 小标宋 of size 2 (22 pt); red head, number, red line; page numbers of size 4 between dashes, outside.
// A character of 16 pt is 5.644 mm wide and 28 of them would be 158 mm: 0.073 mm less between characters makes 156.
#include "report/report.h"

namespace yipan::report {

std::string_view official_style() {
    return R"(
:root{--line-height:10.227mm;--fangsong:"FangSong_GB2312","仿宋_GB2312","FangSong","仿宋","STFangsong","Noto Serif CJK SC","Source Han Serif SC",serif;--xiaobiaosong:"FZXiaoBiaoSong-B05S","方正小标宋简体","FZXiaoBiaoSong-B05","STZhongsong","华文中宋","Noto Serif CJK SC","Source Han Serif SC",serif}
.official main{width:210mm;max-width:none;padding:37mm 26mm 35mm 28mm;color:#000;font:16pt/var(--line-height) var(--fangsong);letter-spacing:-.073mm;font-variant-numeric:normal}
.official aside,.official footer{width:210mm;max-width:none}
.official main p{margin:0;text-indent:11.14mm;text-align:justify;overflow-wrap:anywhere;widows:1;orphans:1}
.official nav{position:absolute;top:.4rem;right:1rem;border:0;letter-spacing:0;line-height:1.4}
.official main{position:relative}
.official main p.head{margin-top:35mm;text-indent:0;text-align:center;color:#d8000f;font:normal 40pt/1.1 var(--xiaobiaosong);letter-spacing:0;white-space:nowrap}
.official main p.number{margin-top:calc(2*var(--line-height));padding-bottom:4mm;border-bottom:.6mm solid #d8000f;text-indent:0;text-align:center}
.official h1{margin:calc(2*var(--line-height)) 0 var(--line-height);font:normal 22pt/12.5mm var(--xiaobiaosong);letter-spacing:0}
.official h2,.official h3{margin:0;font-size:16pt;line-height:var(--line-height);font-weight:400;text-indent:11.14mm;break-after:avoid}
.official h2{font-family:SimHei,"黑体","Noto Sans CJK SC","Source Han Sans SC",sans-serif}
.official h3{font-family:KaiTi_GB2312,"楷体_GB2312",KaiTi,"楷体",STKaiti,"Noto Serif CJK SC",serif}
.official main p.to{text-indent:0}
.official main p.signed,.official main p.day{margin-left:auto;width:80mm;text-indent:0;text-align:center}
.official main p.signed{margin-top:calc(2*var(--line-height));break-after:avoid}
.official main p.copies,.official main p.printed{text-indent:0;font-size:14pt;line-height:8.6mm;padding:0 1em;border-top:.35mm solid #000}
.official main p.copies{margin-top:calc(2*var(--line-height));break-after:avoid}
.official main p.printed{border-bottom:.35mm solid #000}
.official main table{margin:2mm 0;font-size:11pt;line-height:6.6mm;letter-spacing:0;break-inside:auto}
.official main td{border:.2mm solid #000;padding:0 1mm;text-align:center;white-space:nowrap}
.official main td:nth-child(2){white-space:normal}
.official main tr{break-inside:avoid}
.official main tr:first-child td{font-family:SimHei,"黑体","Noto Sans CJK SC",sans-serif}
@page{size:A4;margin:37mm 26mm 35mm 28mm}
@page :right{@bottom-right{content:"— " counter(page) " —";font:14pt SimSun,"宋体","Noto Serif CJK SC",serif;vertical-align:top;padding:7mm 14pt 0 0}}
@page :left{@bottom-left{content:"— " counter(page) " —";font:14pt SimSun,"宋体","Noto Serif CJK SC",serif;vertical-align:top;padding:7mm 0 0 14pt}}
@media print{
.official{font-size:16pt}
.official main{width:156mm;padding:0;line-height:var(--line-height)}
.official a[data-s]::after{content:none}
.official main a.n{text-decoration:none}
.official aside{display:none}
.official footer{width:156mm;padding:0;margin:3mm 0 0;font-size:7.5pt;line-height:3.6mm}
}
)";
}

}  // namespace yipan::report

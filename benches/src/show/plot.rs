//! The latency of each door beside its limit, as a picture.

use std::fmt::Write;

use crate::report::WarmDoors;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 40.0;
const TOP: f64 = 56.0;
const ROW: f64 = 46.0;
const BAR: f64 = 13.0;

/// A picture with a logarithmic axis: for each door two bars, and a line from the first decile to the ninth.
pub(crate) fn svg(warm: &WarmDoors) -> String {
    let all = warm.doors.iter().flat_map(|row| [row.door, row.limit]);
    let (least, most) = all.fold((f64::MAX, 0.0_f64), |(least, most), spread| {
        (least.min(spread.p10.max(0.001)), most.max(spread.p90))
    });
    let axis = Axis { low: least.log10().floor(), high: most.log10().ceil() };
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let height = TOP + ROW * warm.doors.len() as f64 + 40.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#222\">\n\
         <title>Latency of each door beside its limit</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"22\" font-size=\"14\" font-weight=\"600\">Warm latency (blue) beside what the door cannot do without (grey), ms</text>\n"
    );
    axis.draw(&mut svg, height - 28.0);
    for (at, row) in warm.doors.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let top = TOP + ROW * at as f64;
        let _ = writeln!(svg, "<text x=\"12\" y=\"{:.1}\">{}</text>", top + BAR + 4.0, row.function);
        for (offset, color, spread) in [(0.0, "#1a4fd6", row.door), (BAR + 2.0, "#9aa4b2", row.limit)] {
            let (y, end) = (top + offset, axis.x(spread.median));
            let middle = y + BAR / 2.0;
            let _ = write!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" fill=\"{color}\"/>\n\
                 <path d=\"M{:.1} {middle:.1}H{:.1}\" stroke=\"#222\" fill=\"none\"/>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\">{:.3}</text>\n",
                end - LEFT,
                axis.x(spread.p10),
                axis.x(spread.p90),
                axis.x(spread.p90).max(end) + 6.0,
                y + BAR - 2.0,
                spread.median,
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// From a power of ten to a power of ten.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn x(&self, value: f64) -> f64 {
        let part = (value.max(0.001).log10() - self.low) / (self.high - self.low).max(1.0);
        LEFT + part.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn draw(&self, svg: &mut String, bottom: f64) {
        let mut power = self.low;
        while power <= self.high {
            let (value, x) = (10_f64.powf(power), self.x(10_f64.powf(power)));
            let _ = write!(
                svg,
                "<path d=\"M{x:.1} {:.1}V{bottom:.1}\" stroke=\"#e3e6ea\"/>\n\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value}</text>\n",
                TOP - 8.0,
                bottom + 16.0,
            );
            power += 1.0;
        }
    }
}

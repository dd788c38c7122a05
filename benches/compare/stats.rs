//! Medians, quartiles and ratios.

/// Median and quartiles of a distribution.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub lower: f64,
    pub median: f64,
    pub upper: f64,
}

impl Spread {
    pub fn of(samples: &[f64]) -> Self {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        Spread { lower: quantile(&sorted, 0.25), median: quantile(&sorted, 0.5), upper: quantile(&sorted, 0.75) }
    }

    /// Of `ours` to `theirs`, round by round, as what slows down a whole round is in both.
    pub fn of_ratios(ours: &[f64], theirs: &[f64]) -> Self {
        let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        Self::of(&ratios)
    }

    /// How far the quartiles are from each other.
    pub fn width(&self) -> f64 {
        self.upper - self.lower
    }
}

/// Between the two nearest samples, in proportion.
fn quantile(sorted: &[f64], at: f64) -> f64 {
    assert!(!sorted.is_empty(), "nothing was measured");
    #[allow(clippy::cast_precision_loss)] // a handful of rounds
    let position = at * (sorted.len() - 1) as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // an index, and not negative
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * position.fract()
}

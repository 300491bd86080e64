//! Which step of one run matches which step of the other: by what was asked, not by the row.

use std::collections::HashMap;

use crate::names::Names;
use crate::steps::Step;

/// A row of the comparison: places in the two lists of steps. One of them is always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    pub a: Option<usize>,
    pub b: Option<usize>,
}

/// Every step once. Steps of the same kind are paired in their order, those that ask for the same
/// first; what only the second run has stands after the step it followed there.
pub fn pairs(a: &[Step<'_>], b: &[Step<'_>], names: &[Names; 2]) -> Vec<Pair> {
    let mut partner_of_b: HashMap<usize, usize> = HashMap::new();
    let mut kinds: Vec<&str> = Vec::new();
    let mut of_kind: HashMap<&str, [Vec<usize>; 2]> = HashMap::new();
    for (side, steps) in [a, b].into_iter().enumerate() {
        for (at, step) in steps.iter().enumerate() {
            let lists = of_kind.entry(&step.kind).or_insert_with(|| {
                kinds.push(&step.kind);
                Default::default()
            });
            lists[side].push(at);
        }
    }
    let label = |side: usize, step: &Step<'_>| Label {
        detail: step.detail.clone(),
        url: names[side].url(&step.request.url),
        status: step.status(),
    };
    for kind in kinds {
        let [in_a, in_b] = &of_kind[kind];
        let labels_a: Vec<Label> = in_a.iter().map(|&at| label(0, &a[at])).collect();
        let labels_b: Vec<Label> = in_b.iter().map(|&at| label(1, &b[at])).collect();
        for (at_a, at_b) in matched(&labels_a, &labels_b) {
            partner_of_b.insert(in_b[at_b], in_a[at_a]);
        }
    }
    ordered(a.len(), b.len(), &partner_of_b)
}

/// In the order of the first run.
fn ordered(count_a: usize, count_b: usize, partner_of_b: &HashMap<usize, usize>) -> Vec<Pair> {
    // What only the second run has, by the step of the first one it comes after; 0: before all.
    let mut after: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut partner_of_a: HashMap<usize, usize> = HashMap::new();
    let mut last = 0;
    for at in 0..count_b {
        match partner_of_b.get(&at) {
            Some(&partner) => {
                partner_of_a.insert(partner, at);
                last = partner + 1;
            }
            None => after.entry(last).or_default().push(at),
        }
    }
    let only_b = |place: usize| {
        let there = after.get(&place).cloned().unwrap_or_default();
        there.into_iter().map(|at| Pair {
            a: None,
            b: Some(at),
        })
    };
    let mut pairs: Vec<Pair> = only_b(0).collect();
    for at in 0..count_a {
        pairs.push(Pair {
            a: Some(at),
            b: partner_of_a.get(&at).copied(),
        });
        pairs.extend(only_b(at + 1));
    }
    pairs
}

#[derive(Debug, PartialEq, Eq)]
struct Label {
    detail: String,
    url: String,
    status: Option<u16>,
}

impl Label {
    /// How likely the two are the same step. Steps of one kind always may be.
    fn likeness(&self, other: &Self) -> u32 {
        let same = |is_same: bool, weight: u32| u32::from(is_same) * weight;
        2 + same(self.detail == other.detail, 4)
            + same(self.url == other.url, 3)
            + same(self.status == other.status, 1)
    }
}

/// Pairs that keep the order of both, as alike as possible (Needleman and Wunsch, without a cost
/// for gaps).
fn matched(a: &[Label], b: &[Label]) -> Vec<(usize, usize)> {
    let same_start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[same_start..], &b[same_start..]);
    let mut pairs: Vec<(usize, usize)> = (0..same_start).map(|at| (at, at)).collect();
    let (rows, columns) = (rest_a.len() + 1, rest_b.len() + 1);
    if rows.saturating_mul(columns) > MOST_CELLS {
        // Pairs them in order, which is as good as any other way for thousands of equal steps.
        pairs.extend((same_start..a.len().min(b.len())).map(|at| (at, at)));
        return pairs;
    }
    let mut best = vec![0_u32; rows * columns];
    for row in (0..rest_a.len()).rev() {
        for column in (0..rest_b.len()).rev() {
            let both =
                best[(row + 1) * columns + column + 1] + rest_a[row].likeness(&rest_b[column]);
            let skip_a = best[(row + 1) * columns + column];
            let skip_b = best[row * columns + column + 1];
            best[row * columns + column] = both.max(skip_a).max(skip_b);
        }
    }
    let (mut row, mut column) = (0, 0);
    while row < rest_a.len() && column < rest_b.len() {
        let here = best[row * columns + column];
        let both = best[(row + 1) * columns + column + 1] + rest_a[row].likeness(&rest_b[column]);
        if here == both {
            pairs.push((same_start + row, same_start + column));
            row += 1;
            column += 1;
        } else if here == best[(row + 1) * columns + column] {
            row += 1;
        } else {
            column += 1;
        }
    }
    pairs
}

const MOST_CELLS: usize = 4_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<Label> {
        let label = |word: &str| {
            let (detail, status) = word.split_once(':').expect("a detail and a status");
            Label {
                detail: detail.into(),
                url: detail.into(),
                status: status.parse().ok(),
            }
        };
        text.split_whitespace().map(label).collect()
    }

    #[test]
    fn the_same_question_is_paired_whatever_stands_between() {
        for (a, b, expected) in [
            ("x:404 y:200", "y:200", vec![(1, 0)]),
            ("y:200", "x:404 y:200", vec![(0, 1)]),
            ("x:200", "y:404", vec![(0, 0)]),
            ("x:401 x:200", "x:200", vec![(1, 0)]),
            ("", "x:200", vec![]),
            ("x:1 y:1 z:1", "x:1 z:1", vec![(0, 0), (2, 1)]),
        ] {
            assert_eq!(matched(&labels(a), &labels(b)), expected, "{a} / {b}");
        }
    }

    #[test]
    fn every_step_stands_once_and_in_the_order_of_the_first() {
        let partners = HashMap::from([(1, 2), (3, 0)]);
        let both = |a, b| Pair { a, b };
        assert_eq!(
            ordered(3, 5, &partners),
            [
                both(None, Some(0)),
                both(Some(0), Some(3)),
                both(None, Some(4)),
                both(Some(1), None),
                both(Some(2), Some(1)),
                both(None, Some(2)),
            ]
        );
    }

    #[test]
    fn thousands_of_steps_are_paired_in_bounded_time_and_memory() {
        let many: Vec<Label> = (0..30_000)
            .map(|at| Label {
                detail: at.to_string(),
                url: String::new(),
                status: Some(200),
            })
            .collect();
        let fewer: Vec<Label> = (1..30_000)
            .map(|at| Label {
                detail: at.to_string(),
                url: String::new(),
                status: Some(200),
            })
            .collect();
        assert_eq!(matched(&many, &fewer).len(), 29_999);
    }
}

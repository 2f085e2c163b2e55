use std::time::Duration;

use tokio::time::advance;

use super::*;

fn at(offset: u64, epoch: &str) -> Position {
    Position { offset, epoch: epoch.to_owned() }
}

fn live(offset: u64) -> Delivery {
    Delivery { data: Bytes::from_static(b"{}"), offset, since: Instant::now(), caller: None }
}

fn page(offsets: impl IntoIterator<Item = u64>) -> Vec<Publication> {
    offsets.into_iter().map(|offset| Publication { offset, data: Bytes::from_static(b"{}"), caller: None }).collect()
}

/// A stream and the offsets it delivered.
#[derive(Default)]
struct Seen {
    stream: Stream,
    offsets: Vec<u64>,
}

impl Seen {
    /// Subscribed at `offset` of the epoch `a`.
    fn at(offset: u64) -> Self {
        let mut seen = Self::default();
        assert_eq!(seen.subscribed(at(offset, "a"), false), Resumed::default());
        seen
    }

    fn subscribed(&mut self, top: Position, recovered: bool) -> Resumed {
        self.stream.subscribed(Some(top), recovered, Instant::now(), &mut |delivery| self.offsets.push(delivery.offset))
    }

    fn live(&mut self, offsets: impl IntoIterator<Item = u64>) {
        for offset in offsets {
            self.stream.published(live(offset), &mut |delivery| self.offsets.push(delivery.offset));
        }
    }

    fn fill(&mut self, offsets: impl IntoIterator<Item = u64>) -> u64 {
        let since = self.stream.missing().expect("a gap").since;
        self.stream.filled(&since, page(offsets), &mut |delivery| self.offsets.push(delivery.offset))
    }

    fn missing(&self) -> Option<(u64, u64)> {
        self.stream.missing().map(|missing| (missing.since.offset, missing.until))
    }
}

#[test]
fn live_publications_are_delivered_once() {
    let mut seen = Seen::at(5);
    seen.live([6, 7, 7, 6, 8]);
    assert_eq!((&seen.offsets[..], seen.missing()), (&[6, 7, 8][..], None));
}

#[test]
fn recovered_publications_continue_where_it_stopped() {
    let mut seen = Seen::at(5);
    seen.live([6]);
    assert_eq!(seen.subscribed(at(6, "a"), true), Resumed::default());
    seen.live([7, 8]);
    assert_eq!((&seen.offsets[..], seen.missing()), (&[6, 7, 8][..], None));
}

#[test]
fn what_the_server_did_not_recover_is_read_before_what_comes_live() {
    let mut seen = Seen::at(5);
    assert_eq!(seen.subscribed(at(9, "a"), false), Resumed::default());
    seen.live([10, 11]);
    assert_eq!(seen.missing(), Some((5, 9)));
    assert_eq!(seen.fill([6, 7]), 0);
    assert_eq!(seen.missing(), Some((7, 9)));
    seen.live([12]);
    assert_eq!(seen.fill([8, 9, 10, 11]), 0);
    assert_eq!(seen.offsets, [6, 7, 8, 9, 10, 11, 12]);
    seen.live([12, 13]);
    assert_eq!((&seen.offsets[6..], seen.missing()), (&[12, 13][..], None));
}

#[test]
fn what_the_history_has_no_more_is_counted() {
    let mut seen = Seen::at(5);
    seen.subscribed(at(20, "a"), false);
    seen.live([21]);
    assert_eq!(seen.fill([10, 11]), 4, "6 to 9");
    assert_eq!(seen.fill([]), 9, "12 to 20");
    assert_eq!((&seen.offsets[..], seen.missing()), (&[10, 11, 21][..], None));

    seen.subscribed(at(30, "a"), false);
    assert_eq!(seen.fill([35]), 9, "22 to 30; the rest comes live");
    seen.live([31]);
    assert_eq!(seen.offsets, [10, 11, 21, 31]);
}

#[test]
fn a_new_epoch_is_read_from_its_start() {
    let mut seen = Seen::at(5);
    assert_eq!(seen.subscribed(at(2, "b"), false), Resumed { lost: 0, reset: true });
    seen.live([3]);
    assert_eq!(seen.missing(), Some((0, 2)));
    seen.fill([1, 2]);
    assert_eq!(seen.offsets, [1, 2, 3]);
    assert_eq!(seen.subscribed(at(0, "c"), false), Resumed { lost: 0, reset: true });
    seen.live([1]);
    assert_eq!((&seen.offsets[3..], seen.missing()), (&[1][..], None));
}

#[test]
fn a_gap_of_an_epoch_that_is_gone_is_lost_and_what_was_held_is_not() {
    let mut seen = Seen::at(5);
    seen.subscribed(at(9, "a"), false);
    seen.live([10, 11]);
    assert_eq!(seen.subscribed(at(1, "b"), false), Resumed { lost: 4, reset: true });
    assert_eq!((&seen.offsets[..], seen.missing()), (&[10, 11][..], Some((0, 1))));
}

#[test]
fn a_page_of_before_a_new_subscription_is_not_mixed_in() {
    let mut seen = Seen::at(5);
    seen.subscribed(at(9, "a"), false);
    let old = seen.stream.missing().expect("a gap").since;
    seen.subscribed(at(9, "b"), false);
    let lost = seen.stream.filled(&old, page([6, 7]), &mut |delivery| seen.offsets.push(delivery.offset));
    assert_eq!((lost, seen.offsets.len(), seen.missing()), (0, 0, Some((0, 9))));
}

#[test]
fn a_reconnect_while_a_gap_is_read_extends_it() {
    let mut seen = Seen::at(5);
    seen.subscribed(at(9, "a"), false);
    seen.live([10, 11]);
    seen.subscribed(at(11, "a"), true);
    seen.live([12]);
    assert_eq!(seen.missing(), Some((5, 9)), "nothing between");
    seen.subscribed(at(20, "a"), false);
    assert_eq!(seen.missing(), Some((5, 20)));
    seen.live([21]);
    assert_eq!(seen.fill(6..=20), 0);
    assert_eq!(seen.offsets, (6..=21).collect::<Vec<_>>());
}

#[test]
fn a_jump_in_live_offsets_is_a_gap_too() {
    let mut seen = Seen::at(5);
    seen.live([6, 9, 10]);
    assert_eq!((&seen.offsets[..], seen.missing()), (&[6][..], Some((6, 8))));
    seen.fill([7, 8]);
    assert_eq!(seen.offsets, [6, 7, 8, 9, 10]);
}

#[test]
fn more_than_can_be_held_is_read_from_the_history() {
    let mut seen = Seen::at(0);
    seen.subscribed(at(1, "a"), false);
    let large = Bytes::from(vec![b' '; MAX_HELD / 4]);
    for offset in 2..=6 {
        let delivery = Delivery { data: large.clone(), ..live(offset) };
        seen.stream.published(delivery, &mut |delivery| seen.offsets.push(delivery.offset));
    }
    let (_, until) = seen.missing().expect("a gap");
    assert!(seen.stream.held_bytes <= MAX_HELD && until >= 4, "{until}");
    while let Some((since, until)) = seen.missing() {
        seen.fill(since + 1..=until);
    }
    assert_eq!(seen.offsets, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn an_unreadable_publication_stops_nothing() {
    let mut seen = Seen::at(5);
    seen.subscribed(at(7, "a"), false);
    let since = seen.stream.missing().expect("a gap").since;
    seen.stream.unreadable(&since, &mut |delivery| seen.offsets.push(delivery.offset));
    assert_eq!(seen.fill([7]), 0);
    assert_eq!((&seen.offsets[..], seen.missing()), (&[7][..], None));
}

#[test]
fn without_history_everything_is_delivered_as_it_comes() {
    let mut seen = Seen::default();
    seen.live([0, 0]);
    seen.stream.subscribed(None, false, Instant::now(), &mut |_| {});
    seen.live([0]);
    assert_eq!(seen.offsets, [0, 0, 0]);
    let mut seen = Seen::at(5);
    seen.live([6, 0, 7]);
    assert_eq!(seen.offsets, [6, 0, 7], "published with `skip_history`");
}

#[test]
fn a_stream_that_went_back_is_followed() {
    let mut seen = Seen::at(5);
    assert_eq!(seen.subscribed(at(3, "a"), false), Resumed { lost: 0, reset: true });
    seen.live([4, 5]);
    assert_eq!(seen.offsets, [4, 5]);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_missed_is_old() {
    let second = Duration::from_secs(1);
    let start = Instant::now();
    let mut stream = Stream::default();
    let mut ages = Vec::new();
    let mut out = |delivery: Delivery| ages.push((delivery.offset, (delivery.since - start).as_secs()));
    stream.subscribed(Some(at(5, "a")), false, start, &mut out);
    advance(second).await; // 1: interrupted
    let interrupted = Instant::now();
    advance(second).await; // 2: back
    stream.subscribed(Some(at(7, "a")), false, interrupted, &mut out);
    stream.published(live(8), &mut out);
    advance(second).await; // 3: interrupted again, before the first gap is read
    let again = Instant::now();
    advance(second).await; // 4: back
    stream.subscribed(Some(at(10, "a")), false, again, &mut out);
    stream.published(live(11), &mut out);
    advance(second).await;
    let since = stream.missing().expect("a gap").since;
    stream.filled(&since, page(6..=10), &mut out);
    stream.published(live(12), &mut out);
    let expected = [(6, 1), (7, 1), (8, 2), (9, 3), (10, 3), (11, 4), (12, 5)];
    assert_eq!(ages, expected);
}

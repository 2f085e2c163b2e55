use std::time::Duration;

use tokio::time::advance;

use super::*;

fn at(offset: u64, epoch: &str) -> Position {
    Position { offset, epoch: epoch.to_owned() }
}

fn live(offset: u64) -> Delivery {
    Delivery { data: Bytes::from_static(b"{}"), offset, since: Some(Instant::now()), caller: None }
}

fn page(offsets: impl IntoIterator<Item = u64>) -> Vec<Publication> {
    offsets.into_iter().map(|offset| Publication { offset, data: Bytes::from_static(b"{}"), caller: None }).collect()
}

/// A stream, the offsets it delivered, and the starts it announced.
#[derive(Default)]
struct Seen {
    stream: Stream,
    offsets: Vec<u64>,
    begun: Vec<(String, u64)>,
}

fn see(offsets: &mut Vec<u64>, begun: &mut Vec<(String, u64)>, arrival: Arrival) {
    match arrival {
        Arrival::Published(delivery) => offsets.push(delivery.offset),
        Arrival::Begins { epoch, first } => begun.push((epoch, first)),
        Arrival::Unordered => begun.push((String::new(), 0)),
    }
}

impl Seen {
    /// A stream subscribed at `offset` of the epoch `a`.
    fn at(offset: u64) -> Self {
        let mut seen = Self::default();
        assert_eq!(seen.subscribed(at(offset, "a"), false), Resumed::default());
        if offset > 0 {
            assert_eq!(seen.fill([]), 0, "what it never had is not lost");
        }
        assert_eq!(seen.begun.drain(..).collect::<Vec<_>>(), [("a".to_owned(), offset + 1)]);
        seen
    }

    fn subscribed(&mut self, top: Position, recovered: bool) -> Resumed {
        self.stream.subscribed(Some(top), recovered, Instant::now(), &mut |arrival| {
            see(&mut self.offsets, &mut self.begun, arrival);
        })
    }

    fn live(&mut self, offsets: impl IntoIterator<Item = u64>) {
        for offset in offsets {
            self.stream.published(live(offset), &mut |arrival| see(&mut self.offsets, &mut self.begun, arrival));
        }
    }

    fn fill(&mut self, offsets: impl IntoIterator<Item = u64>) -> u64 {
        let since = self.stream.missing().expect("a gap").since;
        self.stream.filled(&since, page(offsets), &mut |arrival| see(&mut self.offsets, &mut self.begun, arrival))
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
    assert_eq!(seen.subscribed(at(2, "b"), false), Resumed { lost: 0, found: Found::Another });
    seen.live([3]);
    assert_eq!(seen.missing(), Some((0, 2)));
    seen.fill([1, 2]);
    assert_eq!(seen.offsets, [1, 2, 3]);
    assert_eq!(seen.subscribed(at(0, "c"), false), Resumed { lost: 0, found: Found::Another });
    seen.live([1]);
    assert_eq!((&seen.offsets[3..], seen.missing()), (&[1][..], None));
}

#[test]
fn a_gap_of_an_epoch_that_is_gone_is_lost_and_what_was_held_is_not() {
    let mut seen = Seen::at(5);
    seen.subscribed(at(9, "a"), false);
    seen.live([10, 11]);
    assert_eq!(seen.subscribed(at(1, "b"), false), Resumed { lost: 4, found: Found::Another });
    assert_eq!((&seen.offsets[..], seen.missing()), (&[10, 11][..], Some((0, 1))));
}

#[test]
fn a_page_of_before_a_new_subscription_is_not_mixed_in() {
    let mut seen = Seen::at(5);
    seen.subscribed(at(9, "a"), false);
    let old = seen.stream.missing().expect("a gap").since;
    seen.subscribed(at(9, "b"), false);
    let lost = seen.stream.filled(&old, page([6, 7]), &mut |arrival| see(&mut seen.offsets, &mut seen.begun, arrival));
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
        seen.stream.published(delivery, &mut |arrival| see(&mut seen.offsets, &mut seen.begun, arrival));
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
    seen.stream.unreadable(&since, &mut |arrival| see(&mut seen.offsets, &mut seen.begun, arrival));
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
    let mut unordered = 0;
    seen.stream
        .subscribed(None, false, Instant::now(), &mut |arrival| unordered += u32::from(arrival == Arrival::Unordered));
    assert_eq!(unordered, 1);
    let mut seen = Seen::at(5);
    seen.live([6, 0, 7]);
    assert_eq!(seen.offsets, [6, 0, 7], "published with `skip_history`");
}

#[test]
fn a_stream_that_went_back_is_followed() {
    let mut seen = Seen::at(5);
    assert_eq!(seen.subscribed(at(3, "a"), false), Resumed { lost: 0, found: Found::Older });
    seen.live([4, 5]);
    assert_eq!(seen.offsets, [4, 5]);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_missed_is_old() {
    let second = Duration::from_secs(1);
    let start = Instant::now();
    let mut stream = Stream::default();
    let mut ages = Vec::new();
    let mut out = |arrival: Arrival| {
        if let Arrival::Published(delivery) = arrival {
            ages.push((delivery.offset, delivery.since.map(|since| (since - start).as_secs())));
        }
    };
    stream.subscribed(Some(at(5, "a")), false, start, &mut out);
    let since = stream.missing().expect("all that was before").since;
    stream.filled(&since, page([5]), &mut out);
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
    let expected = [(6, 1), (7, 1), (8, 2), (9, 3), (10, 3), (11, 4), (12, 5)].map(|(offset, age)| (offset, Some(age)));
    assert_eq!((ages[0], &ages[1..]), ((5, None), &expected[..]), "how old it was at first is not known");
}

#[test]
fn the_first_time_all_that_is_there_is_read() {
    let mut seen = Seen::default();
    seen.subscribed(at(9, "a"), false);
    seen.live([10]);
    assert_eq!(seen.fill([7, 8, 9]), 0, "what was before is not lost");
    assert_eq!((&seen.offsets[..], &seen.begun[..]), (&[7, 8, 9, 10][..], &[("a".to_owned(), 7)][..]));
}

#[test]
fn what_is_lost_makes_a_new_beginning() {
    let mut seen = Seen::at(5);
    seen.subscribed(at(20, "a"), false);
    seen.fill([10, 11]);
    seen.fill([]);
    seen.live([21]);
    let begun: Vec<_> = seen.begun.iter().map(|(_, first)| *first).collect();
    assert_eq!((begun, &seen.offsets[..]), (vec![10, 21], &[10, 11, 21][..]));
    seen.subscribed(at(2, "b"), false);
    seen.fill([1, 2]);
    seen.subscribed(at(1, "b"), false);
    assert_eq!(seen.begun[2..], [("b".to_owned(), 1), ("b".to_owned(), 2)], "another stream, and one that went back");
}

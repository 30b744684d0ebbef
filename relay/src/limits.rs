//! Token buckets by key, bounded in number: how often an address may fail and how often a service may ask.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use nod_login::{Clock, UnixMillis};

/// One bucket per key. Time comes from the clock seam, so that tests move it.
pub struct Buckets<K> {
    clock: Arc<dyn Clock>,
    rate: Rate,
    most_keys: usize,
    buckets: Mutex<HashMap<K, Bucket>>,
}

/// How fast buckets fill and how much they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come back in `per_ms`; 0 switches the limit off.
    pub tokens: u32,
    /// The time in which they do, in milliseconds.
    pub per_ms: u64,
    /// Tokens that a full bucket holds.
    pub burst: u32,
}

/// In thousandths of a token, so that slow rates are exact.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    millitokens: u64,
    at: UnixMillis,
}

/// The bucket is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many; again in {retry_after_s} s")]
pub struct Limited {
    /// Seconds until the next token, at least 1.
    pub retry_after_s: u64,
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    /// No buckets yet. At most `most_keys` are kept; full ones are dropped first, then the fullest.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, rate: Rate, most_keys: usize) -> Self {
        Self { clock, rate, most_keys, buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes one token.
    ///
    /// # Errors
    /// [`Limited`] when there is none.
    pub fn take(&self, key: &K) -> Result<(), Limited> {
        self.with(key, 1000)
    }

    /// Looks whether there is a token, and takes none.
    ///
    /// # Errors
    /// [`Limited`] when there is none.
    pub fn check(&self, key: &K) -> Result<(), Limited> {
        self.with(key, 0)
    }

    /// Gives one token back that was taken for nothing.
    pub fn give_back(&self, key: &K) {
        let full = u64::from(self.rate.burst) * 1000;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = buckets.get_mut(key) else { return };
        bucket.millitokens = bucket.millitokens.saturating_add(1000).min(full);
        if bucket.millitokens == full {
            buckets.remove(key);
        }
    }

    /// How many keys have a bucket.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether no key has a bucket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn with(&self, key: &K, cost: u64) -> Result<(), Limited> {
        if self.rate.tokens == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        let full = u64::from(self.rate.burst) * 1000;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = buckets.get_mut(key) else {
            if cost > 0 {
                if buckets.len() >= self.most_keys {
                    self.make_room(&mut buckets, now, full);
                }
                buckets.insert(key.clone(), Bucket { millitokens: full.saturating_sub(cost), at: now });
            }
            return Ok(());
        };
        self.rate.fill(bucket, now, full);
        if bucket.millitokens < 1000 {
            return Err(Limited { retry_after_s: self.rate.until(1000 - bucket.millitokens) });
        }
        bucket.millitokens -= cost;
        Ok(())
    }

    fn make_room(&self, buckets: &mut HashMap<K, Bucket>, now: UnixMillis, full: u64) {
        let rate = self.rate;
        buckets.retain(|_, bucket| {
            rate.fill(bucket, now, full);
            bucket.millitokens < full
        });
        if buckets.len() >= self.most_keys {
            // All are in use: those that are nearest to full say least.
            let mut levels: Vec<u64> = buckets.values().map(|bucket| bucket.millitokens).collect();
            let middle = levels.len() / 2;
            let (_, median, _) = levels.select_nth_unstable(middle);
            let median = *median;
            let mut surplus = (self.most_keys / 2).max(1);
            buckets.retain(|_, bucket| {
                let goes = bucket.millitokens >= median && surplus > 0;
                surplus -= usize::from(goes);
                !goes
            });
        }
    }
}

impl Rate {
    fn fill(self, bucket: &mut Bucket, now: UnixMillis, full: u64) {
        let earned = now.since(bucket.at).saturating_mul(u64::from(self.tokens) * 1000) / self.per_ms.max(1);
        if now < bucket.at {
            // The clock was set back: count from here.
            bucket.at = now;
        } else if earned > 0 {
            bucket.millitokens = bucket.millitokens.saturating_add(earned).min(full);
            // The time that did not make a whole thousandth stays for the next look.
            bucket.at = bucket.at.plus(earned.saturating_mul(self.per_ms) / (u64::from(self.tokens) * 1000));
        }
    }

    /// Whole seconds until that many thousandths of a token are back.
    fn until(self, millitokens: u64) -> u64 {
        let millis = millitokens.saturating_mul(self.per_ms) / (u64::from(self.tokens) * 1000).max(1);
        millis.div_ceil(1000).max(1)
    }
}

/// What an address counts as: itself, or its /64 in IPv6, which one subscriber usually has to himself.
#[must_use]
pub fn address_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nod_login::clock::ManualClock;

    fn buckets(rate: Rate, most: usize) -> (Arc<ManualClock>, Buckets<u32>) {
        let clock = Arc::new(ManualClock::at(UnixMillis(1_000_000)));
        (Arc::clone(&clock), Buckets::new(clock, rate, most))
    }

    #[test]
    fn a_burst_passes_then_tokens_come_back_one_by_one() {
        let (clock, buckets) = buckets(Rate { tokens: 30, per_ms: 60_000, burst: 3 }, 10);
        for _ in 0..3 {
            assert_eq!(buckets.take(&1), Ok(()));
        }
        assert_eq!(buckets.take(&1), Err(Limited { retry_after_s: 2 }));
        assert_eq!(buckets.check(&1), Err(Limited { retry_after_s: 2 }));
        assert_eq!(buckets.take(&2), Ok(()), "another key has its own bucket");
        clock.advance(1_999);
        assert!(buckets.take(&1).is_err());
        clock.advance(1);
        assert_eq!(buckets.take(&1), Ok(()));
        assert!(buckets.take(&1).is_err());
        clock.advance(3_600_000);
        for _ in 0..3 {
            assert_eq!(buckets.take(&1), Ok(()), "never more than the burst");
        }
        assert!(buckets.take(&1).is_err());
    }

    #[test]
    fn a_check_takes_nothing_and_makes_no_bucket() {
        let (_, buckets) = buckets(Rate { tokens: 1, per_ms: 1000, burst: 1 }, 10);
        for key in 0..100 {
            assert_eq!(buckets.check(&key), Ok(()));
        }
        assert!(buckets.is_empty());
    }

    #[test]
    fn the_number_of_buckets_is_bounded_and_the_emptiest_stay() {
        let (_, buckets) = buckets(Rate { tokens: 1, per_ms: 1_000_000, burst: 5 }, 100);
        for _ in 0..5 {
            buckets.take(&7).unwrap();
        }
        for key in 1000..5000 {
            buckets.take(&key).unwrap();
            assert!(buckets.len() <= 100);
        }
        assert!(buckets.take(&7).is_err(), "the one that is limited was not forgotten");
    }

    #[test]
    fn a_token_that_is_given_back_was_never_taken() {
        let (_, buckets) = buckets(Rate { tokens: 1, per_ms: 1000, burst: 2 }, 10);
        for _ in 0..10 {
            buckets.take(&1).unwrap();
            buckets.give_back(&1);
        }
        assert!(buckets.is_empty(), "a full bucket is no bucket");
        buckets.give_back(&1);
        buckets.take(&1).unwrap();
        buckets.take(&1).unwrap();
        assert!(buckets.take(&1).is_err(), "never more than the burst");
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let (_, buckets) = buckets(Rate { tokens: 0, per_ms: 1000, burst: 1 }, 10);
        assert!((0..1000).all(|_| buckets.take(&1).is_ok()));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_share_a_bucket() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}

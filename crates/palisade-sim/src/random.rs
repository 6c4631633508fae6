//! Numbers that look like chance and are the same for the same seed, on every machine.

/// A generator of pseudo-random numbers: xoshiro256++, seeded by splitmix64.
#[derive(Debug, Clone)]
pub struct Random([u64; 4]);

impl Random {
    /// A generator that gives the same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            mix(state)
        }))
    }

    /// A generator for one purpose, so that what is drawn for another doesn't move its numbers.
    pub fn of(seed: u64, purpose: &str) -> Self {
        let hash = purpose.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Self::new(seed ^ mix(hash))
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        let state = &mut self.0;
        let result = state[0].wrapping_add(state[3]).rotate_left(23).wrapping_add(state[0]);
        let shifted = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= shifted;
        state[3] = state[3].rotate_left(45);
        result
    }

    /// A number below `limit`; 0 where there is none below.
    pub fn below(&mut self, limit: usize) -> usize {
        // The bias of the multiplication is far below what anybody could see in these amounts.
        ((u128::from(self.number()) * limit as u128) >> 64) as usize
    }

    /// A number from `first` to `last`, both included.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        first + self.below((last - first + 1).max(0) as usize) as i64
    }

    /// True in about `percent` of a hundred cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the items.
    ///
    /// # Panics
    /// If there are none: the caller says what there is to choose from.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// So many hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits);
        self.push(digits, b"0123456789abcdef", &mut text);
        text
    }

    /// So many letters and digits, as AWS writes its unique ids.
    pub fn id(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length);
        self.push(length, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", &mut text);
        text
    }

    /// Appends so many characters of an alphabet of 16 or 32.
    pub(crate) fn push(&mut self, length: usize, alphabet: &[u8], to: &mut String) {
        let (bits, per_number) = if alphabet.len() == 16 { (4, 16) } else { (5, 12) };
        let mask = alphabet.len() - 1;
        let mut number = 0;
        for position in 0..length {
            if position % per_number == 0 {
                number = self.number();
            }
            to.push(alphabet[number as usize & mask] as char);
            number >>= bits;
        }
    }
}

fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_purposes_do_not_share_them() {
        let draw = |mut random: Random| [random.number(), random.number(), random.number()];
        assert_eq!(draw(Random::of(7, "people")), draw(Random::of(7, "people")));
        assert_ne!(draw(Random::of(7, "people")), draw(Random::of(7, "attacks")));
        assert_ne!(draw(Random::new(7)), draw(Random::new(8)));
    }

    #[test]
    fn numbers_stay_within_their_limits() {
        let mut random = Random::new(1);
        assert!((0..1000).all(|_| random.below(3) < 3 && (5..=6).contains(&random.between(5, 6))));
        assert_eq!((random.below(0), random.hex(9).len(), random.id(17).len()), (0, 9, 17));
    }
}

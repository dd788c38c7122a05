//! Digests of content.

use std::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256, Sha512};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Algorithm {
    Sha256,
    Sha512,
}

/// A digest with its algorithm, as in `sha256:9f86d0...`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

impl Digest {
    /// Parses `sha256:HEX` or `sha512:HEX`, in upper or lower case.
    ///
    /// # Errors
    ///
    /// Returns what was expected.
    pub fn parse(word: &str) -> std::result::Result<Digest, String> {
        let Some((name, hex)) = word.split_once(':') else {
            return Err("sha256:HEX or sha512:HEX is expected".to_owned());
        };
        let (algorithm, digits) = match name.to_ascii_lowercase().as_str() {
            "sha256" => (Algorithm::Sha256, 64),
            "sha512" => (Algorithm::Sha512, 128),
            _ => return Err("the algorithm is neither sha256 nor sha512".to_owned()),
        };
        if hex.len() != digits || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("{digits} hexadecimal digits are expected after {name}:"));
        }
        Ok(Digest { algorithm, hex: hex.to_ascii_lowercase() })
    }

    /// Whether both use the same algorithm.
    pub(crate) fn has_same_algorithm(&self, other: &Digest) -> bool {
        self.algorithm == other.algorithm
    }

    /// A hasher for the same algorithm.
    pub(crate) fn hasher(&self) -> Hasher {
        match self.algorithm {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.algorithm {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        };
        write!(f, "{name}:{}", self.hex)
    }
}

/// A digest that is being computed.
pub(crate) enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Default for Hasher {
    fn default() -> Self {
        Hasher::Sha256(Sha256::new())
    }
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Digest {
        let (algorithm, bytes) = match self {
            Hasher::Sha256(hasher) => (Algorithm::Sha256, hasher.finalize().to_vec()),
            Hasher::Sha512(hasher) => (Algorithm::Sha512, hasher.finalize().to_vec()),
        };
        let mut hex = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Digest { algorithm, hex }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_parse_in_either_case() {
        let upper = Digest::parse(&format!("SHA256:{}", "AB".repeat(32)));
        assert_eq!(upper.map(|digest| digest.to_string()), Ok(format!("sha256:{}", "ab".repeat(32))));
        for word in ["", "sha256", "md5:00", "sha256:ab", &format!("sha256:{}", "zz".repeat(32))] {
            assert!(Digest::parse(word).is_err(), "{word}");
        }
    }

    #[test]
    fn digest_of_empty_input_is_known() {
        let none = Digest::parse(&format!("sha256:{}", "0".repeat(64))).map(|digest| digest.hasher().finish());
        let known = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(none.map(|digest| digest.to_string()), Ok(known.to_owned()));
    }
}

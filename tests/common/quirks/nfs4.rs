//! Values of `system.nfs4_acl`, as Linux's NFS client shows them: XDR, a count and that many entries of type, flags,
//! permissions and principal (RFC 7530, 6.2.1).

pub const NAME: &str = "system.nfs4_acl";

const ALLOW: u32 = 0;
/// `ACE4_IDENTIFIER_GROUP`.
const IS_GROUP: u32 = 0x40;
/// Data, attributes, list; synchronize.
const READ: u32 = 0x1 | 0x8 | 0x80 | 0x2_0000 | 0x10_0000;
/// Data, appended data.
const WRITE: u32 = 0x2 | 0x4;
const EXECUTE: u32 = 0x20;

/// An entry of type ALLOW. `bits`: one digit of a mode.
#[derive(Clone, Copy, Debug)]
pub struct Allow<'a> {
    pub who: &'a str,
    pub bits: u32,
    pub is_group: bool,
}

/// The value with these entries.
pub fn acl(entries: &[Allow<'_>]) -> Vec<u8> {
    let mut value = word(entries.len());
    for entry in entries {
        let right = |bit, right| if entry.bits & bit == 0 { 0 } else { right };
        let rights = right(4, READ) | right(2, WRITE) | right(1, EXECUTE);
        let flags = if entry.is_group { IS_GROUP } else { 0 };
        value.extend([ALLOW, flags, rights].into_iter().flat_map(u32::to_be_bytes));
        value.extend(word(entry.who.len()));
        value.extend(entry.who.bytes());
        value.resize(value.len().next_multiple_of(4), 0);
    }
    value
}

/// The value that is equivalent to the mode.
pub fn trivial(mode: u32) -> Vec<u8> {
    acl(&classes(mode))
}

/// The same with another entry, for a user.
pub fn with_user(mode: u32, who: &str, bits: u32) -> Vec<u8> {
    let [owner, group, everyone] = classes(mode);
    acl(&[owner, Allow { who, bits, is_group: false }, group, everyone])
}

/// The permission bits that a server derives from the value. The group's are those of all entries but OWNER@ and EVERYONE@.
pub fn mode_of(value: &[u8]) -> u32 {
    let mut words = value.chunks_exact(4).map(|word| u32::from_be_bytes(word.try_into().unwrap()));
    let mut mode = 0;
    for _ in 0..words.next().unwrap_or(0) {
        let [_, _, rights, length] = [(); 4].map(|()| words.next().unwrap_or(0));
        let who: Vec<u8> = (0..length.div_ceil(4)).flat_map(|_| words.next().unwrap_or(0).to_be_bytes()).collect();
        let bit = |right, bit| if rights & right == 0 { 0 } else { bit };
        let bits = bit(0x1, 4) | bit(0x2, 2) | bit(EXECUTE, 1);
        mode |= match &who[..usize::try_from(length).unwrap()] {
            b"OWNER@" => bits << 6,
            b"EVERYONE@" => bits,
            _ => bits << 3,
        };
    }
    mode
}

fn classes(mode: u32) -> [Allow<'static>; 3] {
    let class = |who, bits, is_group| Allow { who, bits, is_group };
    [class("OWNER@", mode >> 6 & 7, false), class("GROUP@", mode >> 3 & 7, true), class("EVERYONE@", mode & 7, false)]
}

fn word(number: usize) -> Vec<u8> {
    u32::try_from(number).unwrap().to_be_bytes().to_vec()
}

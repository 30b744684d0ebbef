//! A reader of Protocol Buffers' wire format, for the few kinds of fields that an export has. Never reads past its end,
//! never allocates, and passes over fields that it does not know, as the format asks for.

/// The bytes are cut or are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WireError;

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// Wire type 0: int32, int64 and enumerations.
    Varint(u64),
    /// Wire type 2: bytes, strings and messages.
    Bytes(&'a [u8]),
    /// Wire types 1 and 5, which no field of an export has.
    Fixed,
}

/// The fields of a message, in order.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) const fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), WireError> {
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 || number > 0x1fff_ffff {
            return Err(WireError);
        }
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| WireError)?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(WireError),
        };
        Ok((number, value))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(WireError)?;
        self.0 = rest;
        Ok(head)
    }

    /// Seven bits a byte, least first; ten bytes at most, of which the last holds one bit.
    fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(WireError)?;
            self.0 = rest;
            if shift == 63 && byte > 1 {
                return Err(WireError);
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(WireError)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<(u64, Value<'_>)>, WireError> {
        Fields::of(bytes).collect()
    }

    #[test]
    fn the_examples_of_the_format_s_description_are_read() {
        assert_eq!(read(&[0x08, 0x96, 0x01]), Ok(vec![(1, Value::Varint(150))]));
        assert_eq!(
            read(&[0x12, 7, b't', b'e', b's', b't', b'i', b'n', b'g']),
            Ok(vec![(2, Value::Bytes(b"testing"))])
        );
        assert_eq!(read(&[]), Ok(vec![]));
    }

    #[test]
    fn a_negative_number_takes_ten_bytes() {
        let mut bytes = vec![0x28];
        bytes.extend([0xff; 9]);
        bytes.push(1);
        assert_eq!(read(&bytes), Ok(vec![(5, Value::Varint(u64::MAX))]));
        *bytes.last_mut().unwrap() = 2;
        assert_eq!(read(&bytes), Err(WireError), "a 65th bit");
    }

    #[test]
    fn unknown_kinds_of_fields_are_passed_over() {
        let bytes = [0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4, 0x18, 5];
        assert_eq!(read(&bytes), Ok(vec![(1, Value::Fixed), (2, Value::Fixed), (3, Value::Varint(5))]));
    }

    #[test]
    fn cut_and_impossible_fields_are_refused() {
        for bad in [
            &[0x08][..],
            &[0x08, 0x80],
            &[0x12, 5, 1],
            &[0x09, 1],
            &[0x15, 1],
            &[0x0b],
            &[0x0c],
            &[0x00, 1],
            &[0x80],
        ] {
            assert_eq!(read(bad), Err(WireError), "{bad:?}");
        }
        let endless = [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(read(&endless), Err(WireError));
    }
}

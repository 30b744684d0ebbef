//! How secrets and public keys stand inside a row.

/// A secret as text inside a row.
pub(super) mod secret {
    use nod_protocol::bytes::Secret;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    #[allow(clippy::ref_option, reason = "the form that serde asks for")]
    pub(in super::super) fn serialize<S: Serializer>(
        secret: &Option<Secret<32>>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(|secret| secret.to_text().to_string()).serialize(s)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Secret<32>>, D::Error> {
        Option::<String>::deserialize(d)?
            .map(|text| Secret::from_text(&text).map_err(serde::de::Error::custom))
            .transpose()
    }
}

/// A public key inside a row: its point as text. It was checked before it was stored, and is again when it is used.
pub(super) mod key {
    use nod_protocol::{PublicKey, bytes};
    use serde::{Deserialize, Deserializer, Serialize as _, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(key: &PublicKey, s: S) -> Result<S::Ok, S::Error> {
        bytes::encode(key.as_sec1()).serialize(s)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<PublicKey, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        let point = bytes::decode_array(&text).map_err(serde::de::Error::custom)?;
        PublicKey::from_own_sec1(point).map_err(serde::de::Error::custom)
    }
}

/// A binding's public keys inside a row.
pub(super) mod keys {
    use nod_protocol::PublicKey;
    use nod_protocol::messages::DeviceKeys;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Stored {
        #[serde(with = "super::key")]
        approve: PublicKey,
        #[serde(with = "super::key")]
        deny: PublicKey,
        #[serde(with = "super::key")]
        enc: PublicKey,
        #[serde(with = "super::key")]
        channel: PublicKey,
    }

    #[allow(clippy::ref_option, reason = "the form that serde asks for")]
    pub(in super::super) fn serialize<S: Serializer>(
        keys: &Option<DeviceKeys>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        let keys = keys.as_ref().map(|keys| {
            let DeviceKeys { approve, deny, enc, channel } = *keys;
            Stored { approve, deny, enc, channel }
        });
        keys.serialize(s)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<DeviceKeys>, D::Error> {
        Ok(Option::<Stored>::deserialize(d)?.map(|Stored { approve, deny, enc, channel }| DeviceKeys {
            approve,
            deny,
            enc,
            channel,
        }))
    }
}

//! The profile and level of coded video, as people know them, from the configuration that a depayloader makes of the parameter sets.

use std::borrow::Cow;

use vru_media::Codec;
use vru_media::sei::without_emulation_prevention;

/// `High, level 4.1`; `None` if the bytes are no configuration. `configuration`: `avcC` or `hvcC` (ISO/IEC 14496-15).
pub(super) fn profile(codec: Codec, configuration: &[u8]) -> Option<String> {
    match codec {
        Codec::H264 => {
            let [_, profile, constraints, level, ..] = *configuration else { return None };
            let constrained = constraints & 0x40 != 0;
            let name = match profile {
                66 if constrained => "Constrained Baseline",
                66 => "Baseline",
                77 => "Main",
                88 => "Extended",
                100 => "High",
                110 => "High 10",
                122 => "High 4:2:2",
                244 => "High 4:4:4 Predictive",
                _ => return Some(format!("profile {profile}, level {}", tenths(u32::from(level)))),
            };
            // In profiles up to Main, this bit turns level 1.1 into 1b.
            let is_1b = level == 9 || (level == 11 && constraints & 0x10 != 0 && profile < 100);
            let level = if is_1b { "1b".to_owned() } else { tenths(u32::from(level)) };
            Some(format!("{name}, level {level}"))
        }
        Codec::H265 => {
            let parameters = sequence_parameters(configuration)?;
            let profile = parameters.get(1)? & 0x1f;
            // Thirtieths.
            let level = tenths(u32::from(*parameters.get(12)?) / 3);
            Some(match profile {
                1 => format!("Main, level {level}"),
                2 => format!("Main 10, level {level}"),
                3 => format!("Main Still Picture, level {level}"),
                4 => format!("Range Extensions, level {level}"),
                _ => format!("profile {profile}, level {level}"),
            })
        }
    }
}

/// The first bytes of the sequence parameter set in an `hvcC`, as its encoder wrote them. The copy in the header of the `hvcC` is wrong in
/// GStreamer 1.22, which does not remove the bytes that prevent start codes.
fn sequence_parameters(configuration: &[u8]) -> Option<Cow<'_, [u8]>> {
    const PARAMETER_SET: u8 = 33;
    let (&arrays, mut rest) = configuration.get(22..)?.split_first()?;
    for _ in 0..arrays {
        let (&[kind, high, low], units) = rest.split_first_chunk()?;
        rest = units;
        for _ in 0..u16::from_be_bytes([high, low]) {
            let (length, units) = rest.split_first_chunk()?;
            let (unit, units) = units.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            if kind & 0x3f == PARAMETER_SET {
                return Some(without_emulation_prevention(unit.get(2..)?));
            }
            rest = units;
        }
    }
    None
}

fn tenths(number: u32) -> String {
    format!("{}.{}", number / 10, number % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_and_levels_have_their_usual_names() {
        for (bytes, text) in [
            ([1, 66, 0xc0, 30], "Constrained Baseline, level 3.0"),
            ([1, 66, 0, 31], "Baseline, level 3.1"),
            ([1, 77, 0, 41], "Main, level 4.1"),
            ([1, 66, 0xd0, 11], "Constrained Baseline, level 1b"),
            ([1, 100, 0, 51], "High, level 5.1"),
            ([1, 9, 0, 51], "profile 9, level 5.1"),
        ] {
            assert_eq!(profile(Codec::H264, &bytes).as_deref(), Some(text));
        }
        // What x265 writes: Main at level 3.1, and Main 10 at 5.1.
        let main = [0x42, 1, 1, 1, 0x60, 0, 0, 3, 0, 0x90, 0, 0, 3, 0, 0, 3, 0, 93, 0xa0];
        let main_10 = [0x42, 1, 1, 2, 0x20, 0, 0, 3, 0, 0x90, 0, 0, 3, 0, 0, 3, 0, 153, 0xa0];
        for (set, text) in [(main, "Main, level 3.1"), (main_10, "Main 10, level 5.1")] {
            let mut bytes = vec![0_u8; 22];
            bytes.extend([2, 0xa0, 0, 1, 0, 2, 0x40, 1, 0xa1, 0, 1, 0, set.len() as u8]);
            bytes.extend(set);
            assert_eq!(profile(Codec::H265, &bytes).as_deref(), Some(text));
            for length in 0..bytes.len() {
                profile(Codec::H265, &bytes[..length]);
            }
        }
        assert_eq!(profile(Codec::H264, &[1, 66]), None);
        assert_eq!(profile(Codec::H265, &[1; 12]), None);
    }
}

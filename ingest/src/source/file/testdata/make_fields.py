#!/usr/bin/env python3
"""make_fields.py OUT: writes an H.264 stream of 20 interlaced pictures whose fields are units of their own.

No free encoder writes such streams. x264 encodes the fields as small pictures; the headers are then written anew, as those of fields.
"""
import re
import subprocess
import sys

PICTURES = 20


class Bits:
    def __init__(self, data):
        self.text, self.at = "".join(f"{byte:08b}" for byte in data), 0

    def number(self, bits):
        self.at += bits
        return int(self.text[self.at - bits : self.at], 2)

    def code(self):
        zeros = self.text.index("1", self.at) - self.at
        self.at += zeros
        return self.number(zeros + 1) - 1


def code(value):
    text = f"{value + 1:b}"
    return "0" * (len(text) - 1) + text


def unescaped(data):
    return data.replace(b"\0\0\3", b"\0\0")


def escaped(text):
    text = text.rstrip("0")
    text += "0" * (-len(text) % 8)
    out, zeros = bytearray(), 0
    for byte in (int(text[at : at + 8], 2) for at in range(0, len(text), 8)):
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


source = f"color=gray:s=320x128:r=50:d={PICTURES * 2 / 50},geq=lum='20+5*N':cb=128:cr=128"
settings = "cabac=0:keyint=1:slices=1:8x8dct=0:bframes=0:ref=1:threads=1"
command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-pix_fmt", "yuv420p",
           "-profile:v", "main", "-x264-params", settings, "-f", "h264", "-"]
stream = subprocess.run(command, check=True, capture_output=True).stdout
nal_units = [unit.rstrip(b"\0") for unit in re.split(b"\0\0\0?\1", stream)[1:]]
out, fields, sets = [], 0, {}
for unit in nal_units:
    kind, bits = unit[0] & 31, Bits(unescaped(unit[1:]))
    if kind == 7 and kind not in sets:
        bits.number(24), bits.code()
        frame_num_bits = bits.code() + 4
        assert bits.code() == 2, "pictures in the order of decoding"
        bits.code(), bits.number(1), bits.code(), bits.code()
        # Main profile; fields are allowed, macroblocks do not choose.
        text = f"{77:08b}{0:08b}" + bits.text[16 : bits.at] + "001" + bits.text[bits.at + 2 :]
        sets[kind] = unit[:1] + escaped(text)
    elif kind == 8:
        sets.setdefault(kind, unit)
    elif kind == 5:
        bottom = fields % 2
        start = code(bits.code()) + code(bits.code()) + code(bits.code()) + "0" * frame_num_bits + f"1{bottom}"
        bits.number(frame_num_bits), bits.code(), bits.number(2)
        # The second field of an IDR picture is none: it has no number of the picture, and one flag less.
        start += "0" if bottom else code(fields // 2 % 2) + "00"
        out += [] if bottom else [b"\x09\x10"]
        out.append((b"\x61" if bottom else b"\x65") + escaped(start + bits.text[bits.at :]))
        fields += 1
with open(sys.argv[1], "wb") as file:
    file.write(b"".join(b"\0\0\0\1" + unit for unit in [sets[7], sets[8], *out]))

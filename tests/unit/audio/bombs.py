"""Small files whose headers ask a decoder for very much."""

from __future__ import annotations

import struct

from tests.unit.audio.files import box, encoded


class _Bits:
    """Bits as Vorbis packs them: the least significant one first."""

    def __init__(self) -> None:
        self._value = self._count = 0

    def put(self, value: int, count: int) -> None:
        """Append the lowest `count` bits of a value."""
        self._value |= value << self._count
        self._count += count

    def data(self) -> bytes:
        """All that was put, in whole bytes."""
        return self._value.to_bytes((self._count + 7) // 8, "little")


def vorbis_bomb() -> bytes:
    """An Ogg of some kilobytes whose codebooks are a quarter of a gigabyte once they are unpacked."""
    head, comments, setup = _packets(encoded("ogg vorbis 44.1 kHz stereo", 0.5))[:3]
    headers = _page([comments, _with_codebooks(setup, entries=16_384, dimensions=16)], 1, 0)
    return _page([head], 0, 2) + headers + _page([bytes(50)] * 20, 2, 4)


def _with_codebooks(setup: bytes, entries: int, dimensions: int) -> bytes:
    """The setup header with so many codebooks before its own that there are 256, the most there can be."""
    bits = _Bits()
    bits.put(int.from_bytes(b"\x05vorbis\xff", "little"), 64)
    width = entries.bit_length()
    book = ((0x564342, 24), (dimensions, 16), (entries, 24), (1, 1), (width - 2, 5), (entries, width))
    values = ((1, 4), (0x62000001, 32), (0x62000001, 32), (0, 4), (0, 1), (0, 1))
    for _ in range(255 - setup[7]):
        for value, count in book + values:
            bits.put(value, count)
    bits.put(int.from_bytes(setup[8:], "little"), 8 * len(setup[8:]))
    return bits.data()


def _packets(ogg: bytes) -> list[bytes]:
    """The packets of a file that has one stream."""
    found, packet, at = [], b"", 0
    while at < len(ogg):
        body = at + 27 + ogg[at + 26]
        for length in ogg[at + 27 : body]:
            packet += ogg[body : body + length]
            body += length
            if length < 255:
                found.append(packet)
                packet = b""
        at = body
    return found


def _lace(packet: bytes) -> bytes:
    return b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])


def _page(packets: list[bytes], number: int, flags: int) -> bytes:
    """A page without a checksum: it is mended when it is read."""
    lacing = b"".join(map(_lace, packets))
    head = b"OggS\x00" + bytes([flags]) + struct.pack("<q", 0 if number < 2 else 8_820)
    return head + b"bomb" + struct.pack("<II", number, 0) + bytes([len(lacing)]) + lacing + b"".join(packets)


def full(kind: bytes, body: bytes) -> bytes:
    """A box with version and flags."""
    return box(kind, bytes(4) + body)


def mp4(entry: bytes, samples: int = 1_000, *, size: int = 1, ticks: int = 1_024, inside_minf: bytes = b"") -> bytes:
    """An MP4 with one audio track of samples that are all alike; `entry` describes them."""
    tables = (
        full(b"stsd", struct.pack(">I", 1) + entry)
        + full(b"stts", struct.pack(">III", 1, samples, ticks))
        + full(b"stsc", struct.pack(">IIII", 1, 1, samples, 1))
        + full(b"stsz", struct.pack(">II", size, samples))
    )
    payload = b"\x21" * (size * samples)

    def moov(at: int) -> bytes:
        table = box(b"stbl", tables + full(b"stco", struct.pack(">II", 1, at)))
        media = full(b"mdhd", struct.pack(">IIIII", 0, 0, 44_100, samples * ticks, 0x55C40000))
        media += full(b"hdlr", b"\x00\x00\x00\x00soun" + bytes(13)) + box(
            b"minf", full(b"smhd", bytes(4)) + inside_minf + table
        )
        return box(b"moov", box(b"trak", full(b"tkhd", struct.pack(">III", 0, 0, 1) + bytes(68)) + box(b"mdia", media)))

    kind = box(b"ftyp", b"M4A \x00\x00\x00\x00")
    return kind + moov(len(kind) + len(moov(0)) + 8) + box(b"mdat", payload)


def aac(inside: bytes = b"") -> bytes:
    """What describes samples of AAC, with other boxes in it if wanted."""
    config = b"\x05\x02\x12\x08"
    decoder = b"\x04" + bytes([13 + len(config)]) + b"\x40\x15" + bytes(11) + config
    stream = b"\x03" + bytes([3 + len(decoder)]) + b"\x00\x01\x00" + decoder
    return box(b"mp4a", _sound() + full(b"esds", stream) + inside)


def alac(samples_of_a_frame: int) -> bytes:
    """What describes samples of ALAC, as large as it says."""
    config = struct.pack(">IBBBBBBHIII", samples_of_a_frame, 0, 16, 40, 10, 14, 8, 255, 0, 0, 44_100)
    return box(b"alac", _sound() + full(b"alac", config))


def _sound() -> bytes:
    return bytes(6) + struct.pack(">H", 1) + bytes(8) + struct.pack(">HHHHI", 2, 16, 0, 0, 44_100 << 16)


def endless_tables() -> bytes:
    """Tables of 100 million samples of a byte each, in some bytes."""
    many = 100_000_000
    return (
        full(b"stsz", struct.pack(">II", 1, many))
        + full(b"stts", struct.pack(">III", 1, many, 1_024))
        + full(b"stsc", struct.pack(">IIII", 1, 1, many, 1))
    )

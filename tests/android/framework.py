"""Makes the framework package that aapt2 links against out of the API classes' jar.

    framework.py android-all.jar framework.apk

The jar holds the platform's own manifest and resource table. Its table packs entries in the short forms of
Android 14 (sparse tables, 16-bit offsets, compact entries), which Debian's aapt2 does not read; here they become the long forms,
with nothing else changed.
"""

import struct
import sys
import zipfile

RES_TABLE, RES_PACKAGE, RES_TYPE = 0x0002, 0x0200, 0x0201
SPARSE, OFFSET16 = 0x01, 0x02
COMPLEX, COMPACT = 0x0001, 0x0008
ABSENT16, ABSENT32 = 0xFFFF, 0xFFFFFFFF


def long_entry(data, at):
    """One entry in its long form."""
    first, flags = struct.unpack_from("<HH", data, at)
    if flags & COMPACT:
        value = struct.unpack_from("<I", data, at + 4)[0]
        return struct.pack("<HHIHBBI", 8, flags & 0xFF & ~COMPACT, first, 8, 0, flags >> 8, value)
    size = first
    if flags & COMPLEX:
        count = struct.unpack_from("<I", data, at + 12)[0]
        return data[at : at + size + 12 * count]
    return data[at : at + size + 8]


def long_type(chunk):
    """A chunk of entries of one type in one configuration, in its long form."""
    header = struct.unpack_from("<H", chunk, 2)[0]
    flags = chunk[9]
    count, start = struct.unpack_from("<II", chunk, 12)
    if flags & SPARSE:
        pairs = struct.unpack_from(f"<{2 * count}H", chunk, header)
        there = {index: offset * 4 for index, offset in zip(pairs[::2], pairs[1::2])}
        count = max(there) + 1
        offsets = [there.get(index) for index in range(count)]
    elif flags & OFFSET16:
        offsets = struct.unpack_from(f"<{count}H", chunk, header)
        offsets = [None if o == ABSENT16 else o * 4 for o in offsets]
    else:
        offsets = struct.unpack_from(f"<{count}I", chunk, header)
        offsets = [None if o == ABSENT32 else o for o in offsets]
    entries, places, known = bytearray(), [], {}
    for offset in offsets:
        if offset is None:
            places.append(ABSENT32)
            continue
        if offset not in known:
            known[offset] = len(entries)
            entries += long_entry(chunk, start + offset)
        places.append(known[offset])
    head = bytearray(chunk[:header])
    head[9] = 0
    start = header + 4 * count
    struct.pack_into("<I", head, 4, start + len(entries))
    struct.pack_into("<II", head, 12, count, start)
    return bytes(head) + struct.pack(f"<{count}I", *places) + bytes(entries)


def long_table(data):
    """The chunk and what is inside it, in the long forms."""
    kind, header, size = struct.unpack_from("<HHI", data)
    if kind == RES_TYPE:
        return long_type(data[:size])
    if kind not in (RES_TABLE, RES_PACKAGE):
        return data[:size]
    out, at = bytearray(data[:header]), header
    while at < size:
        inner = struct.unpack_from("<I", data, at + 4)[0]
        out += long_table(data[at : at + inner])
        at += inner
    struct.pack_into("<I", out, 4, len(out))
    return bytes(out)


def main(jar, apk):
    with zipfile.ZipFile(jar) as source, zipfile.ZipFile(apk, "w") as target:
        target.writestr("AndroidManifest.xml", source.read("AndroidManifest.xml"))
        target.writestr("resources.arsc", long_table(source.read("resources.arsc")))


if __name__ == "__main__":
    main(*sys.argv[1:])

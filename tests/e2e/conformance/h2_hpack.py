"""Header compression (RFC 7541), as a decoder has to have it."""

from support.h2 import COMPRESSION_ERROR, END_STREAM, ENHANCE_YOUR_CALM, block

from .h2_cases import GET, POST, Done, Reset, begun, continued, ends, headers, resets, serves

CUSTOM_KEY = b"\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f"  # Huffman, from C.4.3
CUSTOM_VALUE = b"\x89\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf"
NO_CACHE = b"\x86\xa8\xeb\x10\x64\x9c\xbf"
INDEXED = b"\x40\x03x-a\x01b"  # x-a: b, and into the table
FOUR_KB = b"\x40\x03x-b\x7f\x81\x1e" + b"b" * 3968  # into the table
LIMIT, BEYOND = b"\x3f\xe1\x1f", b"\x3f\xe2\x1f"  # size updates to 4096 and 4097


def broken(section, name, more, *before):
    return ends(f"RFC 7541 {section}", name, *before, headers(1 if not before else 3, more=more), code=COMPRESSION_ERROR)


def good(section, name, more):
    return serves(f"RFC 7541 {section}", name, headers(1, more=more), streams=(1,))


def in_front(update, stream=1):
    """A block that begins with this."""
    whole = bytearray(headers(stream))
    payload = update + bytes(whole[9:])
    return len(payload).to_bytes(3, "big") + bytes(whole[3:9]) + payload


CASES = [
    # --- 6.1, 2.3 indices
    good("6.1", "an index of the static table", b"\x90"),
    serves("RFC 7541 6.1", "a request of static fields alone, and its path", headers(1, [], more=b"\x82\x86\x04\x06/hello\x01\x0cexample.test"), streams=(1,)),
    broken("6.1", "index 0", b"\x80"),
    broken("2.3.3", "an index beyond both tables", b"\xbe"),
    broken("2.3.3", "an index far beyond both tables", b"\xff\x80\x01"),
    broken("2.3.3", "a name beyond both tables", b"\x7e\x01b"),
    broken("2.3.3", "a name beyond both tables, not indexed", b"\x0f\x2f\x01b"),
    broken("2.3.3", "a name beyond both tables, never indexed", b"\x1f\x2f\x01b"),
    serves("RFC 7541 2.3.2", "an entry of the request before", headers(1, more=INDEXED), headers(3, more=b"\xbe"), streams=(1, 3)),
    broken("2.3.3", "the entry behind the last", b"\xbf", headers(1, more=INDEXED), Done(1)),
    serves("4.3", "an entry of a malformed request", headers(1, [*GET, ("X-A", "b")], more=INDEXED), Reset(1), headers(3, more=b"\xbe"), streams=(3,)),
    # --- 6.2 literals
    good("6.2.1", "a literal into the table, name of the table", b"\x58\x01b"),
    good("6.2.1", "a literal into the table, name of the table, Huffman", b"\x58" + NO_CACHE),
    good("6.2.1", "a literal into the table", INDEXED),
    good("6.2.1", "a literal into the table, Huffman", b"\x40" + CUSTOM_KEY + CUSTOM_VALUE),
    good("6.2.2", "a literal, name of the table", b"\x0f\x09\x01b"),
    good("6.2.2", "a literal, name of the table, Huffman", b"\x0f\x09" + NO_CACHE),
    good("6.2.2", "a literal", b"\x00\x03x-a\x01b"),
    good("6.2.2", "a literal, Huffman", b"\x00" + CUSTOM_KEY + CUSTOM_VALUE),
    good("6.2.3", "a literal never indexed, name of the table", b"\x1f\x09\x01b"),
    good("6.2.3", "a literal never indexed, name of the table, Huffman", b"\x1f\x09" + NO_CACHE),
    good("6.2.3", "a literal never indexed", b"\x10\x03x-a\x01b"),
    good("6.2.3", "a literal never indexed, Huffman", b"\x10" + CUSTOM_KEY + CUSTOM_VALUE),
    good("4.4", "an entry larger than the table", b"\x40\x03x-a\x7f\xa1\x1f" + b"b" * 4128),
    broken("4.4", "an entry larger than the table has emptied it", b"\xbe", headers(1, more=INDEXED + b"\x40\x03x-a\x7f\xa1\x1f" + b"b" * 4128), Done(1)),
    # --- 4.2, 6.3 size updates
    serves("RFC 7541 6.3", "a size update", in_front(b"\x20"), streams=(1,)),
    serves("RFC 7541 6.3", "a size update to the limit", in_front(LIMIT), streams=(1,)),
    serves("RFC 7541 4.2", "two size updates", in_front(b"\x20" + LIMIT), streams=(1,)),
    ends("RFC 7541 6.3", "a size update beyond the limit", in_front(BEYOND), code=COMPRESSION_ERROR),
    ends("RFC 7541 6.3", "a second size update beyond the limit", in_front(b"\x20" + BEYOND), code=COMPRESSION_ERROR),
    broken("4.2", "a size update behind the fields", b"\x20"),
    broken("4.2", "a size update to the limit behind the fields", LIMIT),
    broken("4.2", "a size update amid the fields", b"\x20\x90"),
    ends("RFC 7541 4.3", "a size of 0 empties the table", headers(1, more=INDEXED), Done(1), in_front(b"\x20" + LIMIT + b"\xbe", 3), code=COMPRESSION_ERROR),
    # --- 5.1 integers
    broken("5.1", "an index beyond 2^32", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    broken("5.1", "an index without an end of zeros", b"\xff" + b"\x80" * 40 + b"\x01"),
    broken("5.1", "a length beyond 2^32", b"\x00\x7f\xff\xff\xff\xff\xff\xff\xff\xff\x7fab"),
    broken("5.1", "a size update beyond 2^32", b"\x3f\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    broken("5.1", "an index that the block's end cuts", b"\xff\xff"),
    # --- 5.2 strings
    broken("5.2", "a name longer than the block", b"\x00\x20abc"),
    broken("5.2", "a value longer than the block", b"\x00\x03x-a\x20abc"),
    broken("5.2", "a literal without its value", b"\x00\x03x-a"),
    broken("5.2", "Huffman padding of more than 7 bits", b"\x00\x03x-a\x82\x1f\xff"),
    broken("5.2", "Huffman padding of more than 7 bits behind a word", b"\x00\x03x-a\x87" + NO_CACHE[1:] + b"\xff"),
    broken("5.2", "Huffman padding of zeros", b"\x00\x03x-a\x81\x18"),
    broken("5.2", "Huffman padding of zeros and ones", b"\x00\x03x-a\x81\x1d"),
    broken("5.2", "EOS in a string", b"\x00\x03x-a\x85\x1f\xff\xff\xff\xff"),
    broken("5.2", "EOS alone", b"\x00\x03x-a\x84\xff\xff\xff\xff"),
    broken("5.2", "EOS in a name", b"\x00\x84\xff\xff\xff\xfc\x01b"),
    good("5.2", "an empty string, Huffman", b"\x00\x03x-a\x80"),
    # --- RFC 9113 10.5.1: far more than is taken, in few bytes, is not looked at to its end
    resets("10.5.1", "a head of many times what is taken", headers(1, more=FOUR_KB + b"\xbe" * 100), code=ENHANCE_YOUR_CALM),
    resets("10.5.1", "trailers of many times what is taken", headers(1, POST, flags=4), headers(1, [], more=FOUR_KB + b"\xbe" * 100),
           code=ENHANCE_YOUR_CALM),
    serves("10.5.1", "an entry of a head of many times what is taken", headers(1, more=FOUR_KB + b"\xbe" * 100), Reset(1), headers(3, more=b"\xbe"),
           streams=(3,)),
    # --- RFC 9113 4.3: the same where the fault lies in a later frame
    ends("4.3", "a fault in CONTINUATION", begun(flags=END_STREAM), continued(b"\x80"), code=COMPRESSION_ERROR),
    ends("4.3", "a fault in trailers", headers(1, flags=4), headers(1, [], more=b"\x80"), code=COMPRESSION_ERROR),
    ends("4.3", "a block of nothing but a broken field", headers(1, [], more=block(("x-a", "b"))[:-1]), code=COMPRESSION_ERROR),
]

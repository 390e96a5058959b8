/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readback - does what a control file shows mean what was written to it?
 *
 * One comparison for each form. Texts are cut into pieces in place; nothing is
 * copied but lists, which are compared as sets.
 */
#include "hook/readback.h"

#include <string.h>

#include "hook/convert.h"

/* A piece of text that ends before its NUL. */
struct piece {
	const char *s;
	size_t len;
};

static bool piece_is(struct piece a, struct piece b)
{
	return a.len == b.len && !memcmp(a.s, b.s, a.len);
}

static bool piece_reads(struct piece a, const char *text)
{
	return piece_is(a, (struct piece){text, strlen(text)});
}

/* The text without white space around it. */
static struct piece trimmed(const char *s)
{
	static const char blank[] = " \t\n";
	struct piece t = {s + strspn(s, blank), 0};

	t.len = strlen(t.s);
	while (t.len && strchr(blank, t.s[t.len - 1]))
		t.len--;
	return t;
}

/* Cut off the part up to a separator; false when nothing is left. */
static bool take(struct piece *rest, char separator, struct piece *ret)
{
	const char *end;

	while (rest->len && *rest->s == separator) {
		rest->s++;
		rest->len--;
	}
	if (!rest->len)
		return false;
	end = memchr(rest->s, separator, rest->len);
	*ret = (struct piece){rest->s, end ? (size_t)(end - rest->s) : rest->len};
	rest->s += ret->len;
	rest->len -= ret->len;
	return true;
}

/*
 * A limit in pages of the given size; UINT64_MAX: none. The kernel counts up to
 * 2^63 - 1 bytes and shows what it cannot count as "max" or as the last full page.
 */
static bool read_pages(struct piece text, uint64_t page, uint64_t *ret)
{
	uint64_t bytes = UINT64_MAX;

	if (!piece_reads(text, "max") && !piece_reads(text, "-1") &&
	    !convert_bytes(text.s, text.len, &bytes))
		return false;
	*ret = bytes >= (uint64_t)INT64_MAX - page ? UINT64_MAX : bytes / page;
	return true;
}

static bool same_pages(struct piece wanted, struct piece live, uint64_t page)
{
	uint64_t w, l;

	return page && read_pages(wanted, page, &w) && read_pages(live, page, &l) && w == l;
}

/* The page size in "hugetlb.2MB.max"; 0 when there is none. */
static uint64_t page_of(const char *file)
{
	const char *name = strchr(file, '.'), *end = name ? strchr(name + 1, '.') : NULL;
	char size[24] = "";
	uint64_t bytes;

	if (!end || (size_t)(end - name) > sizeof(size))
		return 0;
	memcpy(size, name + 1, (size_t)(end - name - 1));
	return convert_page_size(size, &bytes) ? bytes : 0;
}

/* Lists compared as sets: equal, or live at least as wide. */
static bool same_list(struct piece w, struct piece l, bool wider)
{
	struct arena a = {0};
	struct convert_list want, have;
	bool same = false;

	if (!convert_list_parse(&want, &a, arena_copy(&a, w.s, w.len), NULL) &&
	    !convert_list_parse(&have, &a, arena_copy(&a, l.s, l.len), NULL))
		same =
		    wider ? convert_list_contains(&have, &want) : convert_list_equal(&have, &want);
	arena_free(&a);
	return same;
}

static bool same_shares(struct piece wanted, struct piece live)
{
	uint64_t w, l;

	return convert_digits(wanted.s, wanted.len, &w) && convert_digits(live.s, live.len, &l) &&
	       convert_shares_clamp(w) == l;
}

/* Every field of wanted stands in its place in live. */
static bool same_fields(struct piece wanted, struct piece live)
{
	struct piece w, l;

	while (take(&wanted, ' ', &w)) {
		if (!take(&live, ' ', &l) || !piece_is(w, l))
			return false;
	}
	return true;
}

/* The rest of the line that begins with key. */
static bool find_line(struct piece live, struct piece key, struct piece *ret)
{
	struct piece line, first;

	while (take(&live, '\n', &line)) {
		struct piece rest = line;

		if (take(&rest, ' ', &first) && piece_is(first, key)) {
			*ret = rest;
			return true;
		}
	}
	return false;
}

/* "8:0 200" is one of the lines; "200" is the first of them, alone or as "default 200". none is
 * the number that, like 0, stands for no limit. */
static bool same_line(struct piece wanted, struct piece live, uint64_t none)
{
	struct piece key, value, line, found;
	uint64_t number;

	if (!take(&wanted, ' ', &key))
		return live.len == 0;
	if (!take(&wanted, ' ', &value)) {
		value = key;
		if (take(&(struct piece){live.s, live.len}, '\n', &line) && piece_is(line, value))
			return true;
		key = (struct piece){"default", strlen("default")};
	}
	if (find_line(live, key, &line))
		return take(&line, ' ', &found) && piece_is(found, value);
	/* A rule that limits nothing is not listed. */
	return convert_digits(value.s, value.len, &number) && (number == 0 || number == none);
}

/* The number that a file of lines does not list: v1 counts operations in 32 bits. */
static uint64_t no_limit(const char *file)
{
	return strstr(file, "iops") ? UINT32_MAX : UINT64_MAX;
}

/* Each "name=value" of wanted is in live's line of the same key. */
static bool same_pairs(struct piece wanted, struct piece live)
{
	struct piece key, pair, line, found;

	if (!take(&wanted, ' ', &key))
		return live.len == 0;
	if (!find_line(live, key, &line))
		line.len = 0;
	while (take(&wanted, ' ', &pair)) {
		struct piece rest = line;
		/* A device whose limits are all max has no line. */
		bool same = !line.len && pair.len > 4 && !memcmp(pair.s + pair.len - 4, "=max", 4);

		while (!same && take(&rest, ' ', &found))
			same = piece_is(found, pair);
		if (!same)
			return false;
	}
	return true;
}

static bool same_oom(struct piece wanted, struct piece live)
{
	static const char key[] = "oom_kill_disable";
	struct piece line, value;

	return find_line(live, (struct piece){key, strlen(key)}, &line) &&
	       take(&line, ' ', &value) && piece_is(value, wanted);
}

bool readback_same(enum readback form, const char *file, const char *wanted, const char *live,
		   uint64_t page_size)
{
	struct piece w = trimmed(wanted), l = trimmed(live);

	switch (form) {
	case READBACK_TEXT: return piece_is(w, l);
	case READBACK_BYTES: return same_pages(w, l, page_size);
	case READBACK_HUGE: return same_pages(w, l, page_of(file));
	case READBACK_LIST: return same_list(w, l, false);
	case READBACK_WIDER: return same_list(w, l, true);
	case READBACK_SHARES: return same_shares(w, l);
	case READBACK_FIELDS: return same_fields(w, l);
	case READBACK_LINES: return same_line(w, l, no_limit(file));
	case READBACK_PAIRS: return same_pairs(w, l);
	case READBACK_OOM: return same_oom(w, l);
	case READBACK_NEVER: return true;
	}
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * convert - numbers and lists of OCI in the form that the kernel wants
 *
 * Shares to weight. With l = log2(shares) the weight is ceil(10^e), where
 * e = (l^2 + 125 l) / 612 - 7/34: the curve through (2, 1), (1024, 100) and
 * (262144, 10000). Here the smallest w is sought for which
 *
 *    612 log2(w) >= (l^2 + 125 l - 126) log2(10)
 *
 * in fixed point with 48 fractional bits. Shares 1024 is the only input whose
 * 10^e is whole. The guard keeps it at 100 however the logarithms are rounded; it
 * stands far above their error and far below the distance of any other input to
 * the next weight.
 */
#include "hook/convert.h"

#include <stdlib.h>
#include <string.h>

#include "oci/text.h"

enum { FRACTION = 48, GUARD = 1 << 16 }; /* the guard is 2^-32, against 612 log2(w) */

typedef unsigned __int128 wide;

/* log2 with FRACTION fractional bits: each squaring of the mantissa yields the next bit. */
static uint64_t log2_fixed(uint64_t x)
{
	unsigned whole = 63U - (unsigned)__builtin_clzll(x);
	uint64_t mantissa = x << (63 - whole) >> 1; /* 1 <= m < 2, with 62 fractional bits */
	uint64_t log = whole;

	for (int i = 0; i < FRACTION; i++) {
		mantissa = (uint64_t)((wide)mantissa * mantissa >> 62);
		log <<= 1;
		if (mantissa >> 63) {
			mantissa >>= 1;
			log |= 1;
		}
	}
	return log;
}

uint64_t convert_shares_to_weight(uint64_t shares)
{
	uint64_t low = 1, high = 10000, l, ten;
	wide want;

	if (shares <= CONVERT_SHARES_MIN)
		return low;
	if (shares >= CONVERT_SHARES_MAX)
		return high;
	l = log2_fixed(shares);
	ten = log2_fixed(10);
	want = ((wide)l * l >> FRACTION) + (wide)125 * l - ((wide)126 << FRACTION);
	want = want * ten >> FRACTION;
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if ((wide)612 * log2_fixed(middle) + GUARD >= want)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint64_t convert_shares_clamp(uint64_t shares)
{
	if (shares < CONVERT_SHARES_MIN)
		return CONVERT_SHARES_MIN;
	return shares > CONVERT_SHARES_MAX ? CONVERT_SHARES_MAX : shares;
}

uint64_t convert_blkio_to_io_weight(uint64_t weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

/* --- numbers --- */

bool convert_digits(const char *s, size_t len, uint64_t *ret)
{
	uint64_t v = 0;

	if (len == 0 || (len > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(s[i] - '0');

		if (s[i] < '0' || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, digit, &v))
			return false;
	}
	*ret = v;
	return true;
}

bool convert_bytes(const char *s, size_t len, uint64_t *ret)
{
	static const char suffixes[] = "KkMmGgTtPpEe";
	const char *suffix = len ? strchr(suffixes, s[len - 1]) : NULL;
	unsigned shift = 0;
	uint64_t v;

	if (suffix && *suffix)
		shift = 10 * (1 + (unsigned)(suffix - suffixes) / 2);
	if (!convert_digits(s, shift ? len - 1 : len, &v) || v > UINT64_MAX >> shift)
		return false;
	*ret = v << shift;
	return true;
}

bool convert_page_size(const char *name, uint64_t *ret)
{
	size_t len = strlen(name);
	uint64_t v;

	if (len < 3 || name[0] == '0' || name[len - 1] != 'B' || !strchr("KMG", name[len - 2]))
		return false;
	if (!convert_bytes(name, len - 1, &v))
		return false;
	*ret = v;
	return true;
}

const char *convert_pointer_token(struct arena *a, const char *name)
{
	char *out = arena_alloc(a, 2 * strlen(name) + 1), *o = out;

	for (; *name; name++) {
		if (*name == '~' || *name == '/') {
			*o++ = '~';
			*o++ = *name == '~' ? '0' : '1';
		} else {
			*o++ = *name;
		}
	}
	return out;
}

/* --- lists --- */

/* A number that starts at *s; moves *s behind it and blanks. */
static bool take_index(const char **s, uint64_t *ret)
{
	size_t len = strspn(*s, "0123456789");
	const char *digits = *s;

	*s += len;
	*s += strspn(*s, " \t");
	while (len > 1 && *digits == '0') {
		digits++;
		len--;
	}
	return convert_digits(digits, len, ret);
}

/* One item, N or N-M, up to a comma or the end. NULL, or what is wrong with it. */
static const char *take_item(const char **s, struct convert_range *ret)
{
	*s += strspn(*s, " \t");
	if (**s == ',' || !**s)
		return "an item is empty";
	if (!take_index(s, &ret->first))
		return "an item is not a number";
	ret->last = ret->first;
	if (**s == '-') {
		*s += 1 + strspn(*s + 1, " \t");
		if (!take_index(s, &ret->last))
			return "a range has no end";
	}
	if (**s == ':')
		return "strides like 0-7:1/2 are not taken; list the ranges";
	if (**s && **s != ',')
		return "only numbers, ranges and commas are taken";
	if (ret->first > ret->last)
		return "a range runs backwards";
	if (ret->last > CONVERT_LIST_MAX)
		return "an index is above 1048575";
	return NULL;
}

static int compare_ranges(const void *left, const void *right)
{
	const struct convert_range *l = left, *r = right;

	return (l->first > r->first) - (l->first < r->first);
}

/* Sort, and join what overlaps or touches: then each set has one form. */
static void normalise(struct convert_list *list)
{
	size_t n = 0;

	if (list->n == 0)
		return;
	qsort(list->ranges, list->n, sizeof(*list->ranges), compare_ranges);
	for (size_t i = 1; i < list->n; i++) {
		struct convert_range *last = &list->ranges[n];
		const struct convert_range *next = &list->ranges[i];

		if (next->first > last->last + 1)
			list->ranges[++n] = *next;
		else if (next->last > last->last)
			last->last = next->last;
	}
	list->n = n + 1;
}

int convert_list_parse(struct convert_list *ret, struct arena *a, const char *s,
		       const char **ret_bad)
{
	struct convert_list list = {0};

	while (*s) {
		struct convert_range range;
		const char *bad = take_item(&s, &range);

		if (!bad && s[0] == ',' && !s[1])
			bad = "an item is empty";
		if (bad) {
			if (ret_bad)
				*ret_bad = bad;
			return CONVERT_E_LIST;
		}
		*ARENA_APPEND(a, list.ranges, list.n) = range;
		if (*s == ',')
			s++;
	}
	normalise(&list);
	*ret = list;
	return 0;
}

const char *convert_list_format(const struct convert_list *list, struct arena *a)
{
	struct text t = {0};
	const char *copy;

	text_puts(&t, "");
	for (size_t i = 0; i < list->n; i++) {
		const struct convert_range *r = &list->ranges[i];

		text_printf(&t, "%s%llu", i ? "," : "", (unsigned long long)r->first);
		if (r->last > r->first)
			text_printf(&t, "-%llu", (unsigned long long)r->last);
	}
	copy = arena_copy(a, t.s, t.len);
	text_free(&t);
	return copy;
}

bool convert_list_contains(const struct convert_list *have, const struct convert_list *want)
{
	size_t h = 0;

	for (size_t i = 0; i < want->n; i++) {
		while (h < have->n && have->ranges[h].last < want->ranges[i].first)
			h++;
		if (h == have->n || have->ranges[h].first > want->ranges[i].first ||
		    have->ranges[h].last < want->ranges[i].last)
			return false;
	}
	return true;
}

bool convert_list_equal(const struct convert_list *a, const struct convert_list *b)
{
	return convert_list_contains(a, b) && convert_list_contains(b, a);
}

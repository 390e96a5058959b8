/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage - what a control group uses, and the limits beside it, as numbers
 *
 * The parsers: they know the few forms that such files have. usage_table.c says
 * which file has which.
 */
#include "hook/usage.h"

#include <string.h>

#include "hook/convert.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* --- numbers --- */

/* A piece of text that ends before its NUL. */
struct piece {
	const char *s;
	size_t n;
};

static bool piece_is(struct piece p, const char *word)
{
	return p.n == strlen(word) && memcmp(p.s, word, p.n) == 0;
}

/* Cut off what stands before the next separator; false when nothing is left. */
static bool take(struct piece *rest, const char *separators, struct piece *ret)
{
	while (rest->n && strchr(separators, *rest->s)) {
		rest->s++;
		rest->n--;
	}
	if (!rest->n)
		return false;
	ret->s = rest->s;
	ret->n = 0;
	while (rest->n && !strchr(separators, *rest->s)) {
		rest->s++;
		rest->n--;
		ret->n++;
	}
	return true;
}

/* v1 shows no limit as the last full page below 2^63: of 4 KiB, or of 16 GiB in hugetlb. */
static bool read_number(uint64_t *ret, struct piece p)
{
	uint64_t v = USAGE_NO_LIMIT;

	if (!piece_is(p, "max") && !piece_is(p, "-1") && !convert_digits(p.s, p.n, &v))
		return false;
	*ret = v > (uint64_t)INT64_MAX - (1ULL << 34) ? USAGE_NO_LIMIT : v;
	return true;
}

static void set(struct opt_uint *v, struct piece p)
{
	if (!v->set)
		v->set = read_number(&v->v, p);
}

/* What stands behind key at the beginning of a line. */
static bool find_key(struct piece *ret, const char *text, const char *key)
{
	struct piece rest = {text, strlen(text)}, line, word;

	while (take(&rest, "\n", &line))
		if (take(&line, " \t", &word) && piece_is(word, key))
			return take(&line, " \t", ret);
	return false;
}

static bool find_field(struct piece *ret, const char *text, int field)
{
	struct piece rest = {text, strlen(text)};

	for (; field >= 0; field--)
		if (!take(&rest, " \t\n", ret))
			return false;
	return true;
}

void usage_take(struct usage *u, const struct usage_source *s, const char *text)
{
	struct opt_uint *v = &u->v[s->item];
	struct piece p = {0};

	u->any = true;
	if (v->set)
		return;
	if (s->form == USAGE_KEYED ? !find_key(&p, text, s->key)
				   : !find_field(&p, text, s->key ? s->key[0] - '0' : 0))
		return;
	set(v, p);
	if (!v->set || v->v == USAGE_NO_LIMIT)
		return;
	v->v = v->v * (s->times ? s->times : 1) / (s->by ? s->by : 1);
}

/* --- block devices --- */

/* key: the word before the number, "rbytes" or "Read"; NULL: the number alone. A file is meant
 * by the beginning of its name, so that the recursive ones are the same. */
static const struct {
	const char *file, *key;
	enum usage_io_item item;
} io_keys[] = {
    {"io.stat", "rbytes", USAGE_IO_READ_BYTES},
    {"io.stat", "wbytes", USAGE_IO_WRITE_BYTES},
    {"io.stat", "dbytes", USAGE_IO_DISCARD_BYTES},
    {"io.stat", "rios", USAGE_IO_READ_OPS},
    {"io.stat", "wios", USAGE_IO_WRITE_OPS},
    {"io.stat", "dios", USAGE_IO_DISCARD_OPS},
    {"io.max", "rbps", USAGE_IO_READ_BPS_MAX},
    {"io.max", "wbps", USAGE_IO_WRITE_BPS_MAX},
    {"io.max", "riops", USAGE_IO_READ_IOPS_MAX},
    {"io.max", "wiops", USAGE_IO_WRITE_IOPS_MAX},
    {"blkio.throttle.io_service_bytes", "Read", USAGE_IO_READ_BYTES},
    {"blkio.throttle.io_service_bytes", "Write", USAGE_IO_WRITE_BYTES},
    {"blkio.throttle.io_service_bytes", "Discard", USAGE_IO_DISCARD_BYTES},
    {"blkio.throttle.io_serviced", "Read", USAGE_IO_READ_OPS},
    {"blkio.throttle.io_serviced", "Write", USAGE_IO_WRITE_OPS},
    {"blkio.throttle.io_serviced", "Discard", USAGE_IO_DISCARD_OPS},
    {"blkio.throttle.read_bps_device", NULL, USAGE_IO_READ_BPS_MAX},
    {"blkio.throttle.write_bps_device", NULL, USAGE_IO_WRITE_BPS_MAX},
    {"blkio.throttle.read_iops_device", NULL, USAGE_IO_READ_IOPS_MAX},
    {"blkio.throttle.write_iops_device", NULL, USAGE_IO_WRITE_IOPS_MAX},
};

/* "254:0" and nothing else. */
static bool is_device(struct piece p)
{
	const char *colon = memchr(p.s, ':', p.n);
	uint64_t number;

	return colon && convert_digits(p.s, (size_t)(colon - p.s), &number) &&
	       convert_digits(colon + 1, (size_t)(p.s + p.n - colon - 1), &number);
}

static struct usage_device *device_of(struct usage *u, struct arena *a, struct piece number)
{
	struct usage_device *d;

	for (size_t i = 0; i < u->n_devices; i++)
		if (piece_is(number, u->devices[i].number))
			return &u->devices[i];
	d = ARENA_APPEND(a, u->devices, u->n_devices);
	d->number = arena_copy(a, number.s, number.n);
	return d;
}

static void take_io_value(struct usage_device *d, const char *file, struct piece key,
			  struct piece value)
{
	for (size_t i = 0; i < COUNT(io_keys); i++) {
		struct opt_uint *v = &d->v[io_keys[i].item];

		if (strncmp(file, io_keys[i].file, strlen(io_keys[i].file)) != 0 ||
		    !piece_is(key, io_keys[i].key ? io_keys[i].key : ""))
			continue;
		set(v, value);
		if (v->v == USAGE_NO_LIMIT)
			v->set = false;
	}
}

/* The values of one device; some kernels put two devices on one line when the first has none. */
static void take_io_line(struct usage *u, struct arena *a, const char *file, struct piece line)
{
	struct usage_device *d = NULL;
	struct piece word, key = {"", 0};

	while (take(&line, " \t", &word)) {
		const char *equals = memchr(word.s, '=', word.n);

		if (is_device(word)) {
			d = device_of(u, a, word);
			continue;
		}
		if (!d)
			return; /* "Total 12" at the end of v1's files */
		if (equals) {
			key = (struct piece){word.s, (size_t)(equals - word.s)};
			word = (struct piece){equals + 1, word.n - key.n - 1};
		} else if (word.s[0] < '0' || word.s[0] > '9') {
			key = word;
			continue;
		}
		take_io_value(d, file, key, word);
	}
}

void usage_take_io(struct usage *u, struct arena *a, const char *file, const char *text)
{
	struct piece rest = {text, strlen(text)}, line;

	u->any = true;
	while (take(&rest, "\n", &line))
		take_io_line(u, a, file, line);
}

/* --- huge pages --- */

void usage_take_huge(struct usage_huge *h, const struct usage_huge_source *s, const char *text)
{
	struct piece p = {0};

	if (s->key ? find_key(&p, text, s->key) : find_field(&p, text, 0))
		set(&h->v[s->item], p);
}

bool usage_huge_matters(const struct usage_huge *h)
{
	static const enum usage_huge_item limits[] = {USAGE_HUGE_MAX, USAGE_HUGE_RSVD_MAX};

	for (size_t i = 0; i < COUNT(limits); i++)
		if (h->v[limits[i]].set && h->v[limits[i]].v != USAGE_NO_LIMIT)
			return true;
	return h->v[USAGE_HUGE_CURRENT].v || h->v[USAGE_HUGE_RSVD_CURRENT].v;
}

const char *usage_huge_size(struct arena *a, const char *name)
{
	static const char prefix[] = "hugepages-", suffix[] = "kB";
	struct piece p = {name, strlen(name)};
	size_t around = strlen(prefix) + strlen(suffix);
	uint64_t kib;

	if (p.n <= around || strncmp(name, prefix, strlen(prefix)) != 0 ||
	    strcmp(name + p.n - strlen(suffix), suffix) != 0 ||
	    !convert_digits(name + strlen(prefix), p.n - around, &kib))
		return NULL;
	if (kib >= 1 << 20)
		return arena_printf(a, "%lluGB", (unsigned long long)(kib >> 20));
	if (kib >= 1 << 10)
		return arena_printf(a, "%lluMB", (unsigned long long)(kib >> 10));
	return arena_printf(a, "%lluKB", (unsigned long long)kib);
}

/* --- pressure --- */

/* "0.03" as 3: the kernel shows two decimals. */
static bool read_hundredths(uint64_t *ret, struct piece p)
{
	const char *dot = memchr(p.s, '.', p.n);
	uint64_t whole, tens, ones;

	if (!dot || p.s + p.n - dot != 3 || !convert_digits(p.s, (size_t)(dot - p.s), &whole) ||
	    !convert_digits(dot + 1, 1, &tens) || !convert_digits(dot + 2, 1, &ones) ||
	    whole > 1000)
		return false;
	*ret = whole * 100 + tens * 10 + ones;
	return true;
}

static bool read_stall(struct usage_stall *ret, struct piece line)
{
	struct usage_stall s = {.set = true};
	const struct {
		const char *key;
		uint64_t *v;
	} averages[] = {{"avg10", &s.avg10}, {"avg60", &s.avg60}, {"avg300", &s.avg300}};
	struct piece word, key;
	size_t n = 0;

	while (take(&line, " ", &word)) {
		if (!take(&word, "=", &key) || !word.n)
			return false;
		word = (struct piece){word.s + 1, word.n - 1};
		for (size_t i = 0; i < COUNT(averages); i++)
			if (piece_is(key, averages[i].key))
				n += read_hundredths(averages[i].v, word);
		if (piece_is(key, "total"))
			n += convert_digits(word.s, word.n, &s.total);
	}
	if (n != COUNT(averages) + 1)
		return false;
	*ret = s;
	return true;
}

void usage_take_pressure(struct usage *u, enum usage_resource r, const char *text)
{
	struct piece rest = {text, strlen(text)}, line, word;

	while (take(&rest, "\n", &line)) {
		if (!take(&line, " ", &word))
			continue;
		if (piece_is(word, "some"))
			read_stall(&u->some[r], line);
		else if (piece_is(word, "full"))
			read_stall(&u->full[r], line);
	}
}

/* --- frozen --- */

void usage_take_frozen(struct usage *u, int version, const char *text)
{
	struct piece p;

	if (version == 1) /* FREEZING: some tasks are not there yet */
		u->frozen = (struct opt_bool){true, strncmp(text, "FR", 2) == 0};
	else if (find_key(&p, text, "frozen"))
		u->frozen = (struct opt_bool){true, piece_is(p, "1")};
}

/* --- where --- */

const char *usage_path(const struct record *r, const char *controller)
{
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct plan_step *s = &r->steps[i].step;

		if (strcmp(s->controller, controller) == 0 && s->op != PLAN_PLACE &&
		    s->op != PLAN_ENABLE &&
		    (r->mode == MODE_ADOPT || strcmp(s->path, r->path) == 0))
			return s->path;
	}
	return r->path;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-devlist - the writes that change a v1 device list, on a simulated kernel
 *
 * The simulation keeps what the kernel keeps (a default, entries by exact key)
 * and decides as it does: under default deny one entry must hold all bits of a
 * request, under default allow one common bit is enough to deny.
 */
#include "hook/devlist.h"
#include "tests/unit/devrows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* --- the kernel --- */

enum { SIM_ENTRIES = 128 };

struct sim {
	bool allow, has_children;
	struct device_entry entries[SIM_ENTRIES];
	size_t n;
};

static int64_t sim_number(const char **s)
{
	char *end;
	int64_t n = OCI_ANY;

	if (**s == '*') {
		++*s;
		return n;
	}
	n = strtoll(*s, &end, 10);
	*s = end;
	return n;
}

/* One write(2); false: EINVAL. */
static bool sim_write(struct sim *k, const char *file, const char *text)
{
	bool allow = !strcmp(file, "devices.allow");
	struct device_entry entry = {.type = *text};
	size_t i;

	if (*text == 'a') {
		if (k->has_children)
			return false;
		k->allow = allow;
		k->n = 0;
		return true;
	}
	if ((*text != 'b' && *text != 'c') || text[1] != ' ')
		return false;
	text += 2;
	entry.major = sim_number(&text);
	if (*text++ != ':')
		return false;
	entry.minor = sim_number(&text);
	if (*text++ != ' ')
		return false;
	for (; *text; text++)
		entry.access |= *text == 'r' ? OCI_READ : *text == 'w' ? OCI_WRITE : OCI_MKNOD;
	for (i = 0; i < k->n; i++)
		if (k->entries[i].type == entry.type && k->entries[i].major == entry.major &&
		    k->entries[i].minor == entry.minor)
			break;
	if (allow != k->allow) {
		assert_true(i < SIM_ENTRIES);
		if (i == k->n)
			k->entries[k->n++] = entry;
		else
			k->entries[i].access |= entry.access;
	} else if (i < k->n) {
		k->entries[i].access &= ~entry.access;
		if (!k->entries[i].access)
			k->entries[i] = k->entries[--k->n];
	}
	return true;
}

static bool sim_decide(const struct sim *k, char type, int64_t major, int64_t minor,
		       unsigned access)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct device_entry *x = &k->entries[i];

		if (x->type != type || (x->major != OCI_ANY && x->major != major) ||
		    (x->minor != OCI_ANY && x->minor != minor))
			continue;
		if (k->allow ? (x->access & access) != 0 : !(access & ~x->access))
			return !k->allow;
	}
	return k->allow;
}

/* devices.list */
static void sim_list(const struct sim *k, struct text *out)
{
	char buf[32];

	text_puts(out, k->allow ? "a *:* rwm\n" : "");
	for (size_t i = 0; !k->allow && i < k->n; i++)
		text_printf(out, "%s\n", devrules_format(&k->entries[i], buf));
}

/* --- by table --- */

static void parse(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} t[] = {
	    {"", "deny { }"},
	    {"a *:* rwm\n", "allow { }?"},
	    {"c 1:3 rwm\nb *:* m\nc 136:* rw\n", "deny {c 1:3 rwm; b *:* m; c 136:* rw}"},
	    {"c 1:3 r\nc 1:3 w\n", "deny {c 1:3 rw}"},
	    {"c 1:3 r", "deny {c 1:3 r}"},
	    {"c 4294967294:0 r\n", "deny {c 4294967294:0 r}"},
	    {"x 1:3 r\n", NULL},
	    {"c 1:3 \n", NULL},
	    {"c 1:3\n", NULL},
	    {"c 1:3 rx\n", NULL},
	    {"c 1 r\n", NULL},
	    {"c :3 r\n", NULL},
	    {"c -1:3 r\n", NULL},
	    {"c 99999999999999999999:3 r\n", NULL},
	    {"c\n", NULL},
	    {"\tc 1:3 r\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct devlist_state got;
		struct text shown = {0};
		struct error e = {0};
		struct arena a = {0};
		int r;

		r = devlist_parse(&got, t[i].text, "/cg/devices.list", &a, &e);
		if (r == 0) {
			devrows_state(&(struct device_policy){got.allow, got.entries, got.n},
				      &shown);
			text_puts(&shown, got.exceptions_known ? "" : "?");
		} else {
			assert_int_equal(e.kind, ERROR_HOST);
			assert_non_null(strstr(e.text, "/cg/devices.list: line 1"));
		}
		if (r != (t[i].want ? 0 : -1) || (t[i].want && strcmp(shown.s, t[i].want)))
			fail_msg("row %zu: \"%s\": got %d %s", i, t[i].text, r, shown.s);
		text_free(&shown);
		arena_free(&a);
	}
}

/* A state as the tables below write it: rules, with "?" in front for unknown exceptions. */
static void read_state(struct devlist_state *ret, const char *rules, struct arena *a)
{
	struct device_policy p;
	bool known = *rules != '?';

	assert_int_equal(devrows_fold(&p, known ? rules : "+a", a, NULL), 0);
	*ret = (struct devlist_state){p.allow, known, p.entries, p.n};
}

static void writes(void **state)
{
	static const struct {
		const char *from, *to, *want;
	} t[] = {
	    {"+c 10:232 rw", "+c 10:232 rw", ""},
	    {"+c 10:232 rw", "+c 10:232 rw ; +b 8:0 r", "allow b 8:0 r, "},
	    {"+c 10:* rwm", "+c 10:232 rwm", "allow c 10:232 rwm, deny c 10:* rwm, "},
	    {"+c 10:232 rw", "+c 10:232 rm", "allow c 10:232 m, deny c 10:232 w, "},
	    {"+c 10:232 rw", "+a ; -b 8:0 w", "allow a, deny b 8:0 w, "},
	    {"?", "+a ; -b 8:0 w", "allow a, deny b 8:0 w, "},
	    {"?", "+a", "allow a, "},
	    {"?", "+c 10:232 rw ; +c 1:3 r", "deny a, allow c 1:3 r, allow c 10:232 rw, "},
	    {"?", "-a", "deny a, "},
	    {"+a ; -b 8:0 rw", "+a ; -b 8:0 w ; -b 8:1 r", "allow b 8:0 r, deny b 8:1 r, "},
	    {"+a ; -b 8:0 rw", "+a ; -b 8:0 rw", ""},
	    {"+c 1:* r ; +c 1:3 w", "-a", "deny c 1:3 w, deny c 1:* r, "},
	    /* What the kernel would not add up is put into one entry. */
	    {"", "+c 1:* r ; +c 1:3 w", "allow c 1:3 rw, allow c 1:* r, "},
	    {"+c 1:* r ; +c 1:3 w", "+c 1:* r ; +c 1:3 w", "allow c 1:3 r, "},
	    {"", "+c 1:* r ; +c *:3 w", "allow c 1:* r, allow c *:3 w, allow c 1:3 rw, "},
	    {"+c 1:3 rw ; +c 1:* r", "+c 1:3 w ; +c 1:* r", ""},
	    {"", "+c 1:3 r ; +c *:* m", "allow c 1:3 r, allow c *:* m, "},
	    {"", "+c 1:* rw ; +c 1:3 m ; +c *:* m", "allow c 1:* rw, allow c *:* m, "},
	    {"+a *:* rwm", "+a", ""},
	    {"+a *:* rw ; +a *:* m", "+a", ""},
	    {"+a ; -a *:* rw ; -a *:* m", "-a", "deny a, "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		const struct devlist_group group = {.path = "/cg"};
		struct devlist_write *w = NULL;
		struct devlist_state from;
		struct device_policy to;
		struct text got = {0};
		struct arena a = {0};
		size_t n = 99;

		read_state(&from, t[i].from, &a);
		assert_int_equal(devrows_fold(&to, t[i].to, &a, NULL), 0);
		assert_int_equal(devlist_transition(&w, &n, &from, &to, &group, &a, NULL), 0);
		text_puts(&got, "");
		for (size_t k = 0; k < n; k++)
			text_printf(&got, "%s %s, ", w[k].file + strlen("devices."), w[k].text);
		if (strcmp(got.s, t[i].want))
			fail_msg("row %zu: {%s} -> {%s}: got %s want %s", i, t[i].from, t[i].to,
				 got.s, t[i].want);
		text_free(&got);
		arena_free(&a);
	}
}

/* When a change is refused or flagged. */
static void refusals(void **state)
{
	static const struct {
		const char *from, *to;
		bool has_children, live;
		int want;
	} t[] = {
	    {"?", "+c 1:3 r", false, false, 0},
	    {"?", "+c 1:3 r", false, true, DEVLIST_E_WINDOW},
	    {"+a ; -c 1:5 r", "+c 1:3 r", false, true, DEVLIST_E_WINDOW},
	    {"?", "-a", false, true, 0}, /* nothing is kept, so nothing is denied too early */
	    {"?", "+a ; -c 1:3 r", false, true, 0},
	    {"+c 1:3 r", "+a ; -c 1:3 r", false, true, 0},
	    {"+c 1:3 r", "+c 1:5 r", true, true, 0},
	    {"+a ; -c 1:3 r", "+a ; -c 1:5 r", true, true, 0},
	    {"+c 1:3 r", "+a ; -c 1:3 r", true, false, -1},
	    {"?", "+c 1:3 r", true, false, -1},
	    {"?", "+c 1:3 r", true, true, -1},
	    {"?", "+a", true, false, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		const struct devlist_group group = {"/cg/vm", t[i].has_children, t[i].live};
		struct devlist_write *w = NULL;
		struct devlist_state from;
		struct device_policy to;
		struct error e = {0};
		struct arena a = {0};
		size_t n = 99;
		int r;

		read_state(&from, t[i].from, &a);
		assert_int_equal(devrows_fold(&to, t[i].to, &a, NULL), 0);
		r = devlist_transition(&w, &n, &from, &to, &group, &a, &e);
		if (r != t[i].want || (r && (w || n != 99)))
			fail_msg("row %zu: {%s} -> {%s}: got %d", i, t[i].from, t[i].to, r);
		if (r < 0 && (e.kind != ERROR_HOST || !strstr(e.text, "/cg/vm: ") ||
			      !strstr(e.text, "child cgroups")))
			fail_msg("row %zu: %s", i, e.text);
		arena_free(&a);
	}
}

static void matches(void **state)
{
	static const struct {
		const char *list, *policy;
		bool want;
	} t[] = {
	    {"", "-a", true},
	    {"a *:* rwm\n", "+a", true},
	    {"a *:* rwm\n", "+a ; -c 1:3 r", true}, /* cannot be seen */
	    {"a *:* rwm\n", "-a", false},
	    {"c 1:3 rwm\nb *:* m\n", "+b *:* m ; +c 1:3 rwm", true},
	    {"c 1:3 rw\n", "+c 1:3 rwm", false},
	    {"c 1:3 rwm\n", "+c 1:3 rw", false},
	    {"c 1:3 rw\nc 1:* r\n", "+c 1:3 w ; +c 1:* r", true},
	    {"c 1:3 w\nc 1:* r\n", "+c 1:3 w ; +c 1:* r", false}, /* O_RDWR is denied */
	    {"c 1:3 r\nc 1:* rw\n", "+c 1:* rw", true},
	    {"c *:3 r\nc 1:* w\nc 1:3 rw\n", "+c *:3 r ; +c 1:* w", true},
	    {"c *:3 r\nc 1:* w\n", "+c *:3 r ; +c 1:* w", false},
	    {"b *:* rwm\nc *:* rwm\n", "+a", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct devlist_state list;
		struct device_policy p;
		struct arena a = {0};

		assert_int_equal(devlist_parse(&list, t[i].list, "list", &a, NULL), 0);
		assert_int_equal(devrows_fold(&p, t[i].policy, &a, NULL), 0);
		if (devlist_matches(&list, &p, &a) != t[i].want)
			fail_msg("row %zu: {%s} {%s}", i, t[i].list, t[i].policy);
		arena_free(&a);
	}
}

/* --- every row of the decision table, from a fresh group --- */

static void apply(struct sim *k, const struct devlist_write *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!sim_write(k, w[i].file, w[i].text))
			fail_msg("the kernel refuses %s %s", w[i].file, w[i].text);
}

static void rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < devrows_n; i++) {
		const struct devlist_state fresh = {.allow = true};
		struct devrow_request q[DEVROW_REQUESTS];
		struct sim k = {.allow = true};
		struct devlist_write *w;
		struct device_policy p;
		struct arena a = {0};
		size_t n, n_q;

		if (!strcmp(devrows[i].state, "hole"))
			continue;
		assert_int_equal(devrows_fold(&p, devrows[i].rules, &a, NULL), 0);
		assert_int_equal(devlist_transition(&w, &n, &fresh, &p,
						    &(struct devlist_group){.path = "/cg"}, &a,
						    NULL),
				 0);
		apply(&k, w, n);
		n_q = devrows_requests(&devrows[i], q);
		for (size_t j = 0; j < n_q; j++)
			if (sim_decide(&k, q[j].type, q[j].major, q[j].minor, q[j].access) !=
			    q[j].allowed)
				fail_msg("row %d: %s: %c%d:%d %s", devrows[i].number,
					 devrows[i].rules, q[j].type, (int)q[j].major,
					 (int)q[j].minor, devrules_access(q[j].access));
		arena_free(&a);
	}
}

/* --- random pairs --- */

enum { PAIRS = 6000 };

static const int64_t majors[] = {1, 10, 136}, minors[] = {3, 5, 232};
static const unsigned asked[] = {OCI_READ, OCI_WRITE, OCI_READ | OCI_WRITE, OCI_MKNOD};

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed >> 11;
}

static void random_policy(struct device_policy *p, uint64_t *seed, struct arena *a)
{
	size_t n = next_random(seed) % 8;

	*p = DEVICE_POLICY_DENY;
	p->allow = next_random(seed) % 3 == 0;
	for (size_t i = 0; i < n; i++) {
		struct oci_device_rule rule = {
		    .allow = next_random(seed) % 4 ? !p->allow : p->allow,
		    .type = next_random(seed) % 4 ? 'c' : 'b',
		    .major = next_random(seed) % 3 ? majors[next_random(seed) % 3] : OCI_ANY,
		    .minor = next_random(seed) % 3 ? minors[next_random(seed) % 3] : OCI_ANY,
		    .access = (unsigned)(next_random(seed) % 7) + 1};

		devrules_add(p, &rule, "random", a, NULL); /* a hole leaves p as it was */
	}
	devrules_normalise(p);
}

/* Which of the requests a kernel can see are granted, one bit each. */
static void survey(const struct sim *k, const struct device_policy *p, bool *granted)
{
	for (int c = 0; c < 2; c++)
		for (int64_t i = 0; i < 4; i++)
			for (int64_t j = 0; j < 4; j++)
				for (int q = 0; q < 4; q++, granted++) {
					int64_t major = i < 3 ? majors[i] : 77;
					int64_t minor = j < 3 ? minors[j] : 78;

					*granted =
					    k ? sim_decide(k, c ? 'c' : 'b', major, minor, asked[q])
					      : devrules_decide(p, c ? 'c' : 'b', major, minor,
								asked[q]);
				}
}

enum { SURVEY = 2 * 4 * 4 * 4 };

/* Go from one policy to the next on a living kernel, watching after every write. */
static void check_pair(struct sim *k, const struct device_policy *to, bool list_readable,
		       const struct devlist_state *known, struct arena *a, size_t *windows)
{
	bool old[SURVEY], new[SURVEY], now[SURVEY], window = false;
	struct devlist_group group = {.path = "/cg", .live = true};
	struct devlist_write *w = NULL;
	struct devlist_state from = *known;
	struct text list = {0};
	size_t n = 0;
	int r;

	text_puts(&list, "");
	sim_list(k, &list);
	if (list_readable)
		assert_int_equal(devlist_parse(&from, list.s, "list", a, NULL), 0);
	survey(k, NULL, old);
	survey(NULL, to, new);
	r = devlist_transition(&w, &n, &from, to, &group, a, NULL);
	if (r == DEVLIST_E_WINDOW) {
		window = true;
		++*windows;
		group.live = false;
		r = devlist_transition(&w, &n, &from, to, &group, a, NULL);
	}
	assert_int_equal(r, 0);
	for (size_t i = 0; i < n; i++) {
		apply(k, &w[i], 1);
		survey(k, NULL, now);
		for (size_t j = 0; j < SURVEY && !window; j++)
			if (old[j] && new[j] && !now[j])
				fail_msg("request %zu is denied after write %zu of %zu: %s %s", j,
					 i + 1, n, w[i].file, w[i].text);
	}
	survey(k, NULL, now);
	assert_memory_equal(now, new, sizeof(now));
	text_free(&list);
	text_puts(&list, "");
	sim_list(k, &list);
	assert_int_equal(devlist_parse(&from, list.s, "list", a, NULL), 0);
	assert_true(devlist_matches(&from, to, a));
	text_free(&list);
}

static void random_pairs(void **state)
{
	const char *given = getenv("VMCG_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 20240229;
	struct sim k = {.allow = true};
	struct devlist_state known = {.allow = true};
	struct arena first = {0}, second = {0};
	size_t windows = 0;

	(void)state;
	print_message("VMCG_SEED=%llu\n", (unsigned long long)seed);
	seed = seed * 2 + 1;
	for (size_t i = 0; i < PAIRS; i++) {
		struct arena *a = i % 2 ? &second : &first;
		struct device_policy to;

		arena_free(a); /* known lives in the other one */
		random_policy(&to, &seed, a);
		/* Half of the time the exceptions come from a record, not from the list. */
		check_pair(&k, &to, !known.exceptions_known || next_random(&seed) % 2, &known, a,
			   &windows);
		known = (struct devlist_state){k.allow, true, NULL, 0};
		for (size_t j = 0; j < k.n; j++)
			*ARENA_APPEND(a, known.entries, known.n) = k.entries[j];
	}
	print_message("%d changes, %zu of them with a window\n", PAIRS, windows);
	assert_true(windows > PAIRS / 20 && windows < PAIRS / 2);
	arena_free(&first);
	arena_free(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parse),   cmocka_unit_test(writes), cmocka_unit_test(refusals),
	    cmocka_unit_test(matches), cmocka_unit_test(rows),   cmocka_unit_test(random_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

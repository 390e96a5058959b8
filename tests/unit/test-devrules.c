/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-devrules - folding, deciding, comparing and printing device rules
 */
#include "tests/unit/devrows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* One row of the decision table: the normal form, and each answer. */
static bool row_holds(const struct devrow *row, struct arena *a)
{
	struct devrow_request q[DEVROW_REQUESTS];
	struct device_policy p;
	struct text t = {0};
	struct error e = {0};
	size_t n;
	int r;

	r = devrows_fold(&p, row->rules, a, &e);
	if (r || !strcmp(row->state, "hole"))
		return r == -1 && !strcmp(row->state, "hole") && e.kind == ERROR_INPUT;
	if (!devrows_state_is(&p, row->state)) {
		devrows_state(&p, &t);
		print_error("  got state %s\n", t.s);
		text_free(&t);
		return false;
	}
	n = devrows_requests(row, q);
	for (size_t i = 0; i < n; i++) {
		if (devrules_decide(&p, q[i].type, q[i].major, q[i].minor, q[i].access) !=
		    q[i].allowed) {
			print_error("  wrong: %c%d:%d %s\n", q[i].type, (int)q[i].major,
				    (int)q[i].minor, devrules_access(q[i].access));
			return false;
		}
	}
	return n > 0;
}

static void rows(void **state)
{
	(void)state;
	assert_int_equal(devrows_n, 66);
	for (size_t i = 0; i < devrows_n; i++) {
		struct arena a = {0};

		if (!row_holds(&devrows[i], &a))
			fail_msg("row %d: %s -> want %s, %s", devrows[i].number, devrows[i].rules,
				 devrows[i].state, devrows[i].want);
		arena_free(&a);
	}
}

/* What no row asks: an empty request is granted, numbers beyond dev_t match wildcards only. */
static void edges(void **state)
{
	static const struct {
		const char *rules;
		int64_t major, minor;
		unsigned access;
		char type;
		bool want;
	} t[] = {
	    {"-a", 1, 3, 0, 'c', true},
	    {"+a ; -c 1:3 rwm", 1, 3, 0, 'c', true},
	    {"+c 1:3 rwm", 1, 3, OCI_RWM, 'c', true},
	    {"+c 1:3 rw", 1, 3, OCI_RWM, 'c', false},
	    {"+c 1:3 r ; +c 1:* w ; +c *:* m", 1, 3, OCI_RWM, 'c', true},
	    {"+c 1:* r", 1, 1 << 20, OCI_READ, 'c', true},
	    {"+c 1:3 r", 1, 1 << 20, OCI_READ, 'c', false},
	    {"+a ; -c 1:3 w", 1, 3, OCI_READ | OCI_WRITE, 'c', false},
	    {"+a ; -c 1:3 w", 1, 3, OCI_READ | OCI_MKNOD, 'c', true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct device_policy p;
		struct arena a = {0};

		assert_int_equal(devrows_fold(&p, t[i].rules, &a, NULL), 0);
		if (devrules_decide(&p, t[i].type, t[i].major, t[i].minor, t[i].access) !=
		    t[i].want)
			fail_msg("row %zu: %s", i, t[i].rules);
		arena_free(&a);
	}
}

/* A refused rule: who cuts into what, for which reasons, and nothing has changed. */
static void hole(void **state)
{
	static const struct {
		const char *rules;
		struct oci_device_rule rule;
		const char *after; /* the state is still this */
		const char *says[4];
	} t[] = {
	    {"-a ; +c 10:* rwm",
	     {false, 'c', 10, 232, OCI_WRITE},
	     "deny {c 10:* rwm}",
	     {"/linux/resources/devices/7: device rule \"deny c 10:232 w\"", "\"allow c 10:* rwm\"",
	      "why +c 10:* rwm", "single devices in place of the wildcard"}},
	    {"+a ; -b 8:* r",
	     {true, 'b', OCI_ANY, 1, OCI_RWM},
	     "allow {b 8:* r}",
	     {"\"allow b *:1 rwm\"", "\"deny b 8:* r\"", "why -b 8:* r", "every layout"}},
	    /* As block it could go, as char it cannot: neither goes. */
	    {"-a ; +b 1:3 rwm ; +c 1:* r",
	     {false, 'a', 1, 3, OCI_READ},
	     "deny {b 1:3 rwm; c 1:* r}",
	     {"\"deny a 1:3 r\"", "\"allow c 1:* r\"", "why +c 1:* r", "leave this rule out"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct device_policy p;
		struct error e = {0};
		struct arena a = {0};
		int r;

		assert_int_equal(devrows_fold(&p, t[i].rules, &a, &e), 0);
		r = devrules_add(&p, &t[i].rule, "/linux/resources/devices/7", &a, &e);
		if (r != -1 || e.kind != ERROR_INPUT || !devrows_state_is(&p, t[i].after))
			fail_msg("row %zu: %s: not refused cleanly", i, t[i].rules);
		for (size_t k = 0; k < 4; k++)
			if (!strstr(e.text, t[i].says[k]))
				fail_msg("row %zu: \"%s\" lacks \"%s\"", i, e.text, t[i].says[k]);
		arena_free(&a);
	}
}

static void base(void **state)
{
	struct device_policy p = DEVICE_POLICY_DENY, def, open;
	struct arena a = {0};

	(void)state;
	assert_int_equal(devrules_add_base(&p, &a, NULL), 0);
	devrules_normalise(&p);
	assert_int_equal(devrows_fold(&def, "DEF", &a, NULL), 0);
	assert_int_equal(p.n, 11);
	assert_true(devrules_equal(&p, &def));
	for (size_t i = 0; i < p.n; i++)
		assert_string_equal(p.entries[i].why, "base list");

	/* Under default allow it would take away: mknod of what is denied came back. */
	assert_int_equal(devrows_fold(&open, "+a ; -c 10:232 rwm", &a, NULL), 0);
	assert_int_equal(devrules_add_base(&open, &a, NULL), 0);
	assert_true(devrows_state_is(&open, "allow {c 10:232 rwm}"));
	arena_free(&a);
}

/* The reason of an entry is that of the rule that made it, also after others widened it. */
static void reasons(void **state)
{
	struct device_policy p;
	struct arena a = {0};

	(void)state;
	assert_int_equal(devrows_fold(&p, "+c 1:5 r ; +c 1:3 r ; +c 1:3 w", &a, NULL), 0);
	assert_int_equal(p.n, 2);
	assert_string_equal(p.entries[0].why, "why +c 1:3 r");
	assert_string_equal(p.entries[1].why, "why +c 1:5 r");
	assert_int_equal(devrows_fold(&p, "+c 1:3 r ; -c 1:3 r ; +c 1:3 w", &a, NULL), 0);
	assert_string_equal(p.entries[0].why, "why +c 1:3 w");
	arena_free(&a);
}

static void normal(void **state)
{
	static const struct {
		const char *rules, *want;
	} t[] = {
	    {"+c 1:3 r ; +c 1:* rw", "deny {c 1:* rw}"},
	    {"+c 1:3 rw ; +c 1:* r ; +c *:3 w", "deny {c 1:* r; c *:3 w}"},
	    {"+c 1:3 rw ; +c 1:* r ; +b *:3 w", "deny {b *:3 w; c 1:3 rw; c 1:* r}"},
	    {"+c 1:3 rw ; +c 1:* r ; +c 1:* m", "deny {c 1:3 rw; c 1:* rm}"},
	    {"+c 1:* r ; +c *:3 r ; +c *:* r", "deny {c *:* r}"},
	    {"+c *:* m ; +c *:3 w ; +c 2:* r ; +c 10:1 r ; +c 2:9 w ; +b 9:9 r",
	     "deny {b 9:9 r; c 2:9 w; c 2:* r; c 10:1 r; c *:3 w; c *:* m}"},
	    {"+a ; -c 1:3 r ; -c 1:* r", "allow {c 1:* r}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct device_policy p;
		struct text got = {0};
		struct arena a = {0};

		assert_int_equal(devrows_fold(&p, t[i].rules, &a, NULL), 0);
		devrows_state(&p, &got);
		if (strcmp(got.s, t[i].want))
			fail_msg("row %zu: %s -> %s, want %s", i, t[i].rules, got.s, t[i].want);
		text_free(&got);
		arena_free(&a);
	}
}

static void equal(void **state)
{
	static const struct {
		const char *one, *other;
		bool want;
	} t[] = {
	    {"", "-a", true},
	    {"", "+a", false},
	    {"+c 1:3 r ; +c 1:5 r", "+c 1:5 r ; +c 1:3 r", true},
	    {"+c 1:3 r", "+c 1:3 w", false},
	    {"+c 1:3 r", "+b 1:3 r", false},
	    {"+c 1:3 r", "+c 1:3 r ; +c 1:5 r", false},
	    {"+c 1:3 rw ; +c 1:* r", "+c 1:3 w ; +c 1:* r", true},
	    {"+c 1:3 rw ; +c 1:* r", "+c 1:3 rw ; +c 1:* w", false},
	    {"+c 1:* r", "+c *:3 r", false},
	    {"+c 1:* r ; +c *:3 w", "+c 1:* r ; +c *:3 w ; +c 1:3 rw", true},
	    {"+c 1:* r ; +c *:3 w", "+c 1:* r ; +c *:3 w ; +c 1:3 m", false},
	    {"+a *:* rw ; +a *:* m", "+a", true},
	    {"+a ; -c *:* w", "+b *:* rwm ; +c *:* rm", true},
	    {"+a ; -c *:* w", "+b *:* rwm ; +c *:* r", false},
	    {"+a ; -c 1:3 r", "+a", false},
	    {"+a ; -c 1:3 r", "+a ; -c 1:3 r ; -c 1:5 r", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct device_policy x, y;
		struct arena a = {0};

		assert_int_equal(devrows_fold(&x, t[i].one, &a, NULL), 0);
		assert_int_equal(devrows_fold(&y, t[i].other, &a, NULL), 0);
		if (devrules_equal(&x, &y) != t[i].want || devrules_equal(&y, &x) != t[i].want)
			fail_msg("row %zu: {%s} {%s}", i, t[i].one, t[i].other);
		arena_free(&a);
	}
}

static void format(void **state)
{
	static const struct {
		struct device_entry entry;
		const char *want;
	} t[] = {
	    {{'c', 10, 232, OCI_RWM, NULL}, "c 10:232 rwm"},
	    {{'b', OCI_ANY, OCI_ANY, OCI_MKNOD, NULL}, "b *:* m"},
	    {{'c', 136, OCI_ANY, OCI_READ | OCI_WRITE, NULL}, "c 136:* rw"},
	    {{'c', OCI_ANY, 0, OCI_WRITE | OCI_MKNOD, NULL}, "c *:0 wm"},
	    {{'c', 4095, 1048575, OCI_READ | OCI_MKNOD, NULL}, "c 4095:1048575 rm"},
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		assert_string_equal(devrules_format(&t[i].entry, buf), t[i].want);
}

/* A list longer than any program is refused before it costs time. */
static void endless(void **state)
{
	struct device_policy p = DEVICE_POLICY_DENY;
	struct oci_device_rule rule = {true, 'c', 1, 0, OCI_READ};
	struct error e = {0};
	struct arena a = {0};
	int r = 0;

	(void)state;
	for (rule.minor = 0; !r && rule.minor < 10000; rule.minor++)
		r = devrules_add(&p, &rule, "/linux/resources/devices/9", &a, &e);
	assert_int_equal(r, -1);
	assert_int_equal(e.kind, ERROR_INPUT);
	assert_int_equal(p.n, 8192);
	assert_non_null(strstr(e.text, "/linux/resources/devices/9"));
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows),  cmocka_unit_test(edges),   cmocka_unit_test(hole),
	    cmocka_unit_test(base),  cmocka_unit_test(reasons), cmocka_unit_test(normal),
	    cmocka_unit_test(equal), cmocka_unit_test(format),  cmocka_unit_test(endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

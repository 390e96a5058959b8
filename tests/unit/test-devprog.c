/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-devprog - the device program, simulated
 *
 * The decision table, the shape of the code, and a property over a million
 * random decisions: the rules, the program, and a naive model agree. The model
 * knows no normal form: for one device, the last rule that names it decides
 * each bit; a rule cuts a hole if a rule before it, still in force, reaches
 * beyond it.
 */
#include "hook/devprog.h"
#include "tests/unit/bpfsim.h"
#include "tests/unit/devrows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The program's answer; a policy without a program lets everything pass. */
static int program_decides(const struct bpf_insn *insns, size_t n, const struct devrow_request *q)
{
	if (!n)
		return 1;
	return bpfsim_run(insns, n, q->type, (uint32_t)q->major, (uint32_t)q->minor, q->access);
}

static void check_row(const struct devrow *row, struct arena *a)
{
	struct devrow_request q[DEVROW_REQUESTS];
	struct bpf_insn *insns = NULL;
	struct device_policy p;
	const char *bad;
	size_t n = 0, n_q;
	int r;

	assert_int_equal(devrows_fold(&p, row->rules, a, NULL), 0);
	r = devprog_build(&insns, &n, &p, a, NULL);
	if (r != (row->size ? 0 : DEVPROG_E_OPEN) || n != row->size)
		fail_msg("row %d: %s: got %d, %zu instructions, want %zu", row->number, row->rules,
			 r, n, row->size);
	bad = n ? bpfsim_check(insns, n) : NULL;
	if (bad)
		fail_msg("row %d: %s: %s", row->number, row->rules, bad);
	n_q = devrows_requests(row, q);
	for (size_t i = 0; i < n_q; i++)
		if (program_decides(insns, n, &q[i]) != q[i].allowed)
			fail_msg("row %d: %s: %c%d:%d %s", row->number, row->rules, q[i].type,
				 (int)q[i].major, (int)q[i].minor, devrules_access(q[i].access));
}

static void rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < devrows_n; i++) {
		struct arena a = {0};

		if (strcmp(devrows[i].state, "hole"))
			check_row(&devrows[i], &a);
		arena_free(&a);
	}
}

/* The code as text, one small program for each default. */
static void text(void **state)
{
	static const struct {
		const char *rules, *want;
	} t[] = {
	    {"+c 10:232 rw ; +b *:3 m", "0: r2 = *(u32 *)(r1 + 0)\n"
					"1: w2 &= 65535\n"
					"2: r3 = *(u32 *)(r1 + 0)\n"
					"3: w3 >>= 16\n"
					"4: r4 = *(u32 *)(r1 + 4)\n"
					"5: r5 = *(u32 *)(r1 + 8)\n"
					"6: if r2 != 1 goto 9\n"
					"7: if r5 != 3 goto 9\n"
					"8: w3 &= 6\n"
					"9: if r2 != 2 goto 13\n"
					"10: if r4 != 10 goto 13\n"
					"11: if r5 != 232 goto 13\n"
					"12: w3 &= 1\n"
					"13: w0 = 1\n"
					"14: if r3 == 0 goto 16\n"
					"15: w0 = 0\n"
					"16: exit\n"},
	    {"+a ; -c 195:* w", "0: r2 = *(u32 *)(r1 + 0)\n"
				"1: w2 &= 65535\n"
				"2: r3 = *(u32 *)(r1 + 0)\n"
				"3: w3 >>= 16\n"
				"4: r4 = *(u32 *)(r1 + 4)\n"
				"5: r5 = *(u32 *)(r1 + 8)\n"
				"6: if r2 != 2 goto 9\n"
				"7: if r4 != 195 goto 9\n"
				"8: if r3 & 4 goto 11\n"
				"9: w0 = 1\n"
				"10: exit\n"
				"11: w0 = 0\n"
				"12: exit\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct bpf_insn *insns;
		struct device_policy p;
		struct text got = {0};
		struct arena a = {0};
		size_t n;

		assert_int_equal(devrows_fold(&p, t[i].rules, &a, NULL), 0);
		assert_int_equal(devprog_build(&insns, &n, &p, &a, NULL), 0);
		devprog_text(insns, n, &got);
		assert_string_equal(got.s, t[i].want);
		text_free(&got);
		arena_free(&a);
	}
}

/* The same grants give the same bytes, however they were written; others do not. */
static void same_bytes(void **state)
{
	static const struct {
		const char *one, *other;
		bool want;
	} t[] = {
	    {"+c 1:3 r ; +b 8:0 rw", "+b 8:0 w ; +b 8:0 r ; +c 1:3 r", true},
	    {"+c 7:0 rw ; +c 7:* r", "+c 7:0 w ; +c 7:* r", true},
	    {"+c 7:0 rw ; +c 7:* r", "+c 7:0 rw ; +c 7:* w", false},
	    {"+c 1:3 r", "+c 1:3 r ; +c 1:* rw ; -c 1:* rw ; +c 1:3 r", true},
	    {"+a ; -c 1:3 r", "+a ; -c 1:3 rw", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct bpf_insn *x, *y;
		struct device_policy p, q;
		struct arena a = {0};
		size_t n_x, n_y;
		bool same;

		assert_int_equal(devrows_fold(&p, t[i].one, &a, NULL), 0);
		assert_int_equal(devrows_fold(&q, t[i].other, &a, NULL), 0);
		assert_int_equal(devprog_build(&x, &n_x, &p, &a, NULL), 0);
		assert_int_equal(devprog_build(&y, &n_y, &q, &a, NULL), 0);
		same = n_x == n_y && !memcmp(x, y, n_x * sizeof(*x));
		if (same != t[i].want)
			fail_msg("row %zu: {%s} {%s}", i, t[i].one, t[i].other);
		arena_free(&a);
	}
}

/* n entries c 1:0 .. 1:n-1; the last one must still be reached. */
static void check_size(bool allow, size_t n_entries, int want)
{
	struct device_policy p = {.allow = allow};
	struct bpf_insn *insns = NULL;
	struct error e = {0};
	struct arena a = {0};
	size_t n = 0;

	for (size_t i = 0; i < n_entries; i++)
		*ARENA_APPEND(&a, p.entries, p.n) =
		    (struct device_entry){'c', 1, (int64_t)i, OCI_READ, "test"};
	assert_int_equal(devprog_build(&insns, &n, &p, &a, &e), want);
	if (want) {
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_non_null(strstr(e.text, "32767"));
	} else {
		assert_null(bpfsim_check(insns, n));
		for (unsigned i = 0; i < n_entries; i += (unsigned)n_entries - 1)
			assert_int_equal(bpfsim_run(insns, n, 'c', 1, i, OCI_READ), !allow);
		assert_int_equal(bpfsim_run(insns, n, 'c', 1, (unsigned)n_entries, OCI_READ),
				 allow);
	}
	arena_free(&a);
}

static void limit(void **state)
{
	(void)state;
	for (int allow = 0; allow < 2; allow++) {
		check_size(allow, 8189, 0);
		check_size(allow, 8190, -1);
	}
}

/* --- the property --- */

enum { LISTS = 60000, RULES = 10, REQUESTS = 24 };

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed >> 11;
}

static int64_t pick(uint64_t *seed, const int64_t *from, size_t n)
{
	return from[next_random(seed) % n];
}

static const int64_t majors[] = {OCI_ANY, 0, 1, 10, 136, 4095};
static const int64_t minors[] = {OCI_ANY, 0, 3, 5, 232, 1048575};

static struct oci_device_rule random_rule(uint64_t *seed)
{
	struct oci_device_rule rule = {.allow = next_random(seed) & 1,
				       .type = "abbccccc"[next_random(seed) % 8],
				       .major = pick(seed, majors, 6),
				       .minor = pick(seed, minors, 6),
				       .access = (unsigned)(next_random(seed) % 7) + 1};

	return rule;
}

/* A number that rules use, or one that none does. */
static struct devrow_request random_request(uint64_t *seed)
{
	int64_t major = pick(seed, majors, 6), minor = pick(seed, minors, 6);

	return (struct devrow_request){.type = next_random(seed) % 3 ? 'c' : 'b',
				       .major = major == OCI_ANY ? 77 : major,
				       .minor = minor == OCI_ANY ? 78 : minor,
				       .access = (unsigned)(next_random(seed) % 8)};
}

static bool covers(int64_t wide, int64_t number)
{
	return wide == OCI_ANY || wide == number;
}

static bool resets(const struct oci_device_rule *r)
{
	return r->type == 'a' && r->major == OCI_ANY && r->minor == OCI_ANY && r->access == OCI_RWM;
}

/* The model's answer: each bit by the last rule that names the device and the bit. */
static bool model_decides(const struct oci_device_rule *rules, size_t n,
			  const struct devrow_request *q)
{
	for (unsigned bit = 1; bit <= 4; bit <<= 1) {
		bool granted = false;

		for (size_t i = 0; i < n; i++)
			if ((rules[i].type == 'a' || rules[i].type == q->type) &&
			    covers(rules[i].major, q->major) && covers(rules[i].minor, q->minor) &&
			    rules[i].access & bit)
				granted = rules[i].allow;
		if (q->access & bit && !granted)
			return false;
	}
	return true;
}

/* The default verdict before rule i. */
static bool model_default(const struct oci_device_rule *rules, size_t i)
{
	while (i--)
		if (resets(&rules[i]))
			return rules[i].allow;
	return false;
}

/* Is what rule j put at its key, for a type and a bit, still there when rule i comes? */
static bool in_force(const struct oci_device_rule *rules, size_t j, size_t i, char type,
		     unsigned bit)
{
	bool listed = true;

	for (size_t k = j + 1; k < i; k++) {
		const struct oci_device_rule *r = &rules[k];

		if (resets(r))
			return false;
		if (!(r->access & bit) || (r->type != 'a' && r->type != type))
			continue;
		if (r->allow == rules[j].allow) {
			if (r->major == rules[j].major && r->minor == rules[j].minor)
				listed = true;
		} else if (covers(r->major, rules[j].major) && covers(r->minor, rules[j].minor)) {
			listed = false;
		}
	}
	return listed;
}

/* Does rule i take a part of what rule j put there, for one type? */
static bool cuts(const struct oci_device_rule *rules, size_t j, size_t i, char type)
{
	const struct oci_device_rule *x = &rules[j], *y = &rules[i];

	if ((x->type != 'a' && x->type != type) || (y->type != 'a' && y->type != type))
		return false;
	if (covers(y->major, x->major) && covers(y->minor, x->minor))
		return false;
	if (!(covers(x->major, y->major) || y->major == OCI_ANY) ||
	    !(covers(x->minor, y->minor) || y->minor == OCI_ANY))
		return false;
	for (unsigned bit = 1; bit <= 4; bit <<= 1)
		if (x->access & y->access & bit && in_force(rules, j, i, type, bit))
			return true;
	return false;
}

static bool model_hole(const struct oci_device_rule *rules, size_t i)
{
	bool verdict = model_default(rules, i);

	if (resets(&rules[i]) || rules[i].allow != verdict)
		return false;
	for (size_t j = i; j--;) {
		if (resets(&rules[j]))
			break;
		if (rules[j].allow != verdict && (cuts(rules, j, i, 'b') || cuts(rules, j, i, 'c')))
			return true;
	}
	return false;
}

static void print_rules(const struct oci_device_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		print_error("  %s %c %d:%d %s\n", rules[i].allow ? "allow" : "deny", rules[i].type,
			    (int)rules[i].major, (int)rules[i].minor,
			    devrules_access(rules[i].access));
}

/* Random rules until a refused one, which is left out: both must refuse the same ones. */
static size_t random_list(uint64_t *seed, struct oci_device_rule *rules, struct device_policy *p,
			  struct arena *a)
{
	size_t n = 0, want = next_random(seed) % (RULES + 1);

	if (next_random(seed) & 1)
		rules[n++] =
		    (struct oci_device_rule){next_random(seed) & 1, 'a', OCI_ANY, OCI_ANY, OCI_RWM};
	if (n)
		assert_int_equal(devrules_add(p, &rules[0], "random", a, NULL), 0);
	for (size_t i = n; i < want; i++) {
		int r;

		rules[n] = random_rule(seed);
		r = devrules_add(p, &rules[n], "random", a, NULL);
		if ((r == -1) != model_hole(rules, n)) {
			print_rules(rules, n + 1);
			fail_msg("the last rule: got %d, the model says %d", r,
				 model_hole(rules, n));
		}
		n += r == 0;
	}
	return n;
}

static size_t check_list(uint64_t *seed, struct arena *a)
{
	struct oci_device_rule rules[RULES + 2];
	struct device_policy p = DEVICE_POLICY_DENY;
	struct bpf_insn *insns = NULL;
	size_t n_rules, n = 0;

	n_rules = random_list(seed, rules, &p, a);
	devrules_normalise(&p);
	if (devprog_build(&insns, &n, &p, a, NULL) == 0)
		assert_null(bpfsim_check(insns, n));
	for (size_t i = 0; i < REQUESTS; i++) {
		struct devrow_request q = random_request(seed);
		int model = model_decides(rules, n_rules, &q);
		int rule = devrules_decide(&p, q.type, q.major, q.minor, q.access);
		int program = program_decides(insns, n, &q);

		if (rule != model || program != model) {
			print_rules(rules, n_rules);
			fail_msg("%c %d:%d %s: rules %d, program %d, model %d", q.type,
				 (int)q.major, (int)q.minor, devrules_access(q.access), rule,
				 program, model);
		}
	}
	return REQUESTS;
}

static void property(void **state)
{
	const char *given = getenv("VMCG_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 20240229;
	size_t decisions = 0;

	(void)state;
	print_message("VMCG_SEED=%llu\n", (unsigned long long)seed);
	seed = seed * 2 + 1; /* a seed of 0 would stay 0 */
	for (size_t i = 0; i < LISTS; i++) {
		struct arena a = {0};

		decisions += check_list(&seed, &a);
		arena_free(&a);
	}
	print_message("%zu decisions\n", decisions);
	assert_true(decisions >= 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows),  cmocka_unit_test(text),     cmocka_unit_test(same_bytes),
	    cmocka_unit_test(limit), cmocka_unit_test(property),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

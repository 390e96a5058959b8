/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-record_merge - steps of two changes as one record
 *
 * A row has the steps of the record and those that came later, and what becomes of
 * them. Properties are said by a word each: "N=5" is a number, "P=strict" a text,
 * "L" an empty list and "L+a:rw+b:r" one with two items.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "hook/record_merge.h"
#include "hook/unitdiff.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum { MAX_STEPS = 4 };

/* --- properties by words --- */

static struct unit_property property_of(struct arena *a, const char *word, size_t len)
{
	const char *copy = arena_copy(a, word, len);
	const char *number = strchr(copy, '=');
	struct unit_property p = {.type = "a(ss)"};

	p.name = arena_copy(a, copy, strcspn(copy, "=+"));
	if (number && strspn(number + 1, "0123456789")) {
		p.type = "t";
		p.number = strtoull(number + 1, NULL, 10);
	} else if (number) {
		p.type = "s";
		p.text = number + 1;
	}
	for (const char *at = strchr(copy, '+'); at; at = strchr(at, '+')) {
		struct unit_item *item = ARENA_APPEND(a, p.items, p.n_items);
		size_t n = strcspn(++at, ":");

		item->key = arena_copy(a, at, n);
		item->text = arena_copy(a, at + n + 1, strcspn(at + n + 1, "+"));
	}
	return p;
}

/* What stands in a record: JSON; NULL for no words. */
static const char *json_of(struct arena *a, const char *words)
{
	struct unit_properties list = {0};

	if (!words)
		return NULL;
	for (const char *at = words; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");

		*ARENA_APPEND(a, list.list, list.n) = property_of(a, at, len);
		at += len;
	}
	return unitprop_copy_text(&list, a);
}

/* And as words again. */
static const char *words_of(struct arena *a, const char *json)
{
	struct unit_properties list;
	const char *out = "";

	if (!json)
		return "none";
	assert_int_equal(unitprop_parse(&list, a, "words", json, strlen(json), NULL), 0);
	for (size_t i = 0; i < list.n; i++) {
		const struct unit_property *p = &list.list[i];

		out = arena_printf(a, "%s%s%s", out, *out ? " " : "", p->name);
		if (strcmp(p->type, "t") == 0)
			out = arena_printf(a, "%s=%llu", out, (unsigned long long)p->number);
		if (strcmp(p->type, "s") == 0)
			out = arena_printf(a, "%s=%s", out, p->text);
		for (size_t k = 0; k < p->n_items; k++)
			out = arena_printf(a, "%s+%s:%s", out, p->items[k].key, p->items[k].text);
	}
	return out;
}

/* --- steps --- */

#define STEP(op_, controller_, path_, file_, value_, fresh_, old_)                                \
	{                                                                                         \
		{PHASE_LIMITS, op_, controller_, path_, file_, value_, "/r"}, fresh_, old_, NULL, \
		    NULL                                                                          \
	}
#define NOTHING                     \
	{                           \
		{                   \
			.old = NULL \
		}                   \
	}
#define WRITE(file, value, old)  STEP(PLAN_WRITE, "memory", "/vm", file, value, false, old)
#define VERIFY(file, value, old) STEP(PLAN_VERIFY, "memory", "/vm", file, value, false, old)
#define IO(file, value, old)     STEP(PLAN_WRITE, "io", "/vm", file, value, false, old)
#define BLKIO(file, value, old)  STEP(PLAN_WRITE, "blkio", "/vm", file, value, false, old)
#define RDMA(value, old)         STEP(PLAN_WRITE, "rdma", "/vm", "rdma.max", value, false, old)
#define PLACE(group, pid, old)   STEP(PLAN_PLACE, "memory", group, "cgroup.procs", pid, false, old)
#define ENABLE(value, old)       STEP(PLAN_ENABLE, "", "/", "cgroup.subtree_control", value, false, old)
#define INHERIT(file, old)       STEP(PLAN_INHERIT, "cpuset", "/vm", file, NULL, false, old)
#define MKDIR(path, fresh)       STEP(PLAN_MKDIR, "memory", path, NULL, NULL, fresh, NULL)
#define DEVICES(path, old)       STEP(PLAN_DEVICES, "devices", path, NULL, NULL, false, old)
#define SCOPE(op, fresh)         STEP(op, "", "/vm", NULL, "vm.scope", fresh, NULL)

static const struct {
	const char *what;
	struct record_step before[MAX_STEPS], more[MAX_STEPS], want[MAX_STEPS];
} rows[] = {
    {"nothing and nothing", NOTHING, NOTHING, NOTHING},
    {"nothing came later",
     {WRITE("memory.max", "5", "max")},
     NOTHING,
     {WRITE("memory.max", "5", "max")}},
    {"a value that is set again goes back to what was there first",
     {WRITE("memory.high", "1", "2"), WRITE("memory.max", "5", "max")},
     {WRITE("memory.max", "7", "5")},
     {WRITE("memory.high", "1", "2"), WRITE("memory.max", "7", "max")}},
    {"a new value has what it found",
     {WRITE("memory.max", "5", "max")},
     {WRITE("memory.high", "3", "max\n")},
     {WRITE("memory.max", "5", "max"), WRITE("memory.high", "3", "max\n")}},
    {"systemd's value and one by hand are one thing",
     {VERIFY("memory.max", "5", NULL)},
     {WRITE("memory.max", "7", "5")},
     {WRITE("memory.max", "7", NULL)}},
    {"and the other way round",
     {WRITE("memory.max", "5", "max")},
     {VERIFY("memory.max", "7", "5")},
     {VERIFY("memory.max", "7", "max")}},
    {"the same file of another group",
     {WRITE("memory.max", "5", "max")},
     {STEP(PLAN_WRITE, "memory", "/vm/x", "memory.max", "7", false, "9")},
     {WRITE("memory.max", "5", "max"),
      STEP(PLAN_WRITE, "memory", "/vm/x", "memory.max", "7", false, "9")}},
    {"the same name in another hierarchy",
     {STEP(PLAN_WRITE, "cpu", "/vm", "x", "5", false, "1")},
     {STEP(PLAN_WRITE, "memory", "/vm", "x", "7", false, "2")},
     {STEP(PLAN_WRITE, "cpu", "/vm", "x", "5", false, "1"),
      STEP(PLAN_WRITE, "memory", "/vm", "x", "7", false, "2")}},
    {"what the first plan had set twice has one last word",
     {WRITE("memory.max", "5", "max"), WRITE("memory.low", "1", "0"),
      WRITE("memory.max", "6", "max")},
     {WRITE("memory.max", "7", "6"), WRITE("memory.max", "8", "6")},
     {WRITE("memory.max", "8", "max"), WRITE("memory.low", "1", "0")}},

    /* a line for each device */
    {"io.max: a line a device",
     {IO("io.max", "8:0 rbps=5", "")},
     {IO("io.max", "8:16 rbps=7", "8:0 rbps=5 wbps=max riops=max wiops=max")},
     {IO("io.max", "8:0 rbps=5", ""),
      IO("io.max", "8:16 rbps=7", "8:0 rbps=5 wbps=max riops=max wiops=max")}},
    {"io.max: a device whose name begins like another's",
     {IO("io.max", "8:1 rbps=5", "")},
     {IO("io.max", "8:16 rbps=7", "x")},
     {IO("io.max", "8:1 rbps=5", ""), IO("io.max", "8:16 rbps=7", "x")}},
    {"io.max: the same line again",
     {IO("io.max", "8:0 rbps=5", ""), IO("io.max", "8:16 rbps=5", "")},
     {IO("io.max", "8:16 rbps=7", "x")},
     {IO("io.max", "8:0 rbps=5", ""), IO("io.max", "8:16 rbps=7", "")}},
    {"io.max: each rate of a device is a wish of its own",
     {IO("io.max", "8:0 rbps=5", ""), IO("io.max", "8:0 wbps=6", "")},
     {IO("io.max", "8:0 rbps=5", "x"), IO("io.max", "8:0 wbps=7", "x")},
     {IO("io.max", "8:0 rbps=5", ""), IO("io.max", "8:0 wbps=7", "")}},
    {"io.max: another rate of the device",
     {IO("io.max", "8:0 rbps=5", "")},
     {IO("io.max", "8:0 riops=7", "x")},
     {IO("io.max", "8:0 rbps=5", ""), IO("io.max", "8:0 riops=7", "x")}},
    {"io.max: a line with all rates replaces those with one each",
     {IO("io.max", "8:0 rbps=5", ""), IO("io.max", "8:0 wbps=6", ""),
      IO("io.max", "8:0 riops=9", "")},
     {IO("io.max", "8:0 wbps=1 rbps=2", "x")},
     {IO("io.max", "8:0 wbps=1 rbps=2", ""), IO("io.max", "8:0 riops=9", "")}},
    {"io.max: a line with one rate does not replace one with two",
     {IO("io.max", "8:0 rbps=5 wbps=6", "")},
     {IO("io.max", "8:0 wbps=7", "x")},
     {IO("io.max", "8:0 rbps=5 wbps=6", ""), IO("io.max", "8:0 wbps=7", "x")}},
    {"io.max: a rate whose name begins like another's",
     {IO("io.max", "8:0 a=5", "")},
     {IO("io.max", "8:0 ab=7", "x")},
     {IO("io.max", "8:0 a=5", ""), IO("io.max", "8:0 ab=7", "x")}},
    {"rdma.max: by device",
     {RDMA("mlx5_0 hca_handle=2 hca_object=3", "o")},
     {RDMA("mlx5_1 hca_handle=4", "p"), RDMA("mlx5_0 hca_handle=9 hca_object=8", "q")},
     {RDMA("mlx5_0 hca_handle=9 hca_object=8", "o"), RDMA("mlx5_1 hca_handle=4", "p")}},
    {"io.weight: by device",
     {IO("io.weight", "8:0 50", "default 100")},
     {IO("io.weight", "8:0 60", "x"), IO("io.weight", "8:16 70", "y")},
     {IO("io.weight", "8:0 60", "default 100"), IO("io.weight", "8:16 70", "y")}},
    {"io.weight: the default is no device's",
     {IO("io.weight", "200", "default 100")},
     {IO("io.weight", "8:0 60", "default 200")},
     {IO("io.weight", "200", "default 100"), IO("io.weight", "8:0 60", "default 200")}},
    {"io.weight: nor is a device's the default",
     {IO("io.weight", "8:0 60", "default 100")},
     {IO("io.weight", "200", "x")},
     {IO("io.weight", "8:0 60", "default 100"), IO("io.weight", "200", "x")}},
    {"io.weight: two ways to say the default",
     {IO("io.weight", "200", "default 100")},
     {IO("io.weight", "default 300", "default 200")},
     {IO("io.weight", "default 300", "default 100")}},
    {"v1: by device, in a file of its own",
     {BLKIO("blkio.throttle.read_bps_device", "8:0 5", "")},
     {BLKIO("blkio.throttle.read_bps_device", "8:0 7", "8:0 5"),
      BLKIO("blkio.throttle.write_bps_device", "8:0 7", "")},
     {BLKIO("blkio.throttle.read_bps_device", "8:0 7", ""),
      BLKIO("blkio.throttle.write_bps_device", "8:0 7", "")}},
    {"v1: the weight of all devices",
     {BLKIO("blkio.weight", "500", "100")},
     {BLKIO("blkio.weight", "600", "500")},
     {BLKIO("blkio.weight", "600", "100")}},
    {"no lines: a value with a blank in it is one value",
     {STEP(PLAN_WRITE, "cpu", "/vm", "cpu.max", "1 2", false, "max 2")},
     {STEP(PLAN_WRITE, "cpu", "/vm", "cpu.max", "3 2", false, "1 2")},
     {STEP(PLAN_WRITE, "cpu", "/vm", "cpu.max", "3 2", false, "max 2")}},

    /* the other kinds */
    {"what was enabled later is taken back later",
     {ENABLE("+cpu", "")},
     {ENABLE("+io", "cpu")},
     {ENABLE("+cpu", ""), ENABLE("+io", "cpu")}},
    {"a group that is still there",
     {MKDIR("/vm", true)},
     {MKDIR("/vm", false)},
     {MKDIR("/vm", true)}},
    {"our own group was gone and is made anew",
     {MKDIR("/vm", false)},
     {MKDIR("/vm", true), MKDIR("/vm/x", true)},
     {MKDIR("/vm", true), MKDIR("/vm/x", true)}},
    {"the same process came from where it was first",
     {PLACE("/vm", "77", "/old")},
     {PLACE("/vm", "77", "/vm/x")},
     {PLACE("/vm", "77", "/old")}},
    {"another process has an origin of its own",
     {PLACE("/vm", "77", "/old")},
     {PLACE("/vm", "78", "/other")},
     {PLACE("/vm", "77", "/old"), PLACE("/vm", "78", "/other")}},
    {"a process whose number begins like another's",
     {PLACE("/vm", "77", "/old")},
     {PLACE("/vm", "7", "/other")},
     {PLACE("/vm", "77", "/old"), PLACE("/vm", "7", "/other")}},
    {"a device filter goes back to what it was first; another is another",
     {DEVICES("/vm", "a *:* rwm")},
     {DEVICES("/vm", "c 1:3 rwm"), DEVICES("/vm/x", "b 8:0 r")},
     {DEVICES("/vm", "a *:* rwm"), DEVICES("/vm/x", "b 8:0 r")}},
    {"a cpuset is filled once",
     {INHERIT("cpuset.cpus", "")},
     {INHERIT("cpuset.cpus", "0-1"), INHERIT("cpuset.mems", "")},
     {INHERIT("cpuset.cpus", ""), INHERIT("cpuset.mems", "")}},
    {"a unit of our own goes with what it was given, so a change of it is not kept",
     {SCOPE(PLAN_START, true)},
     {SCOPE(PLAN_SET, false)},
     {SCOPE(PLAN_START, true)}},
};

static size_t count(const struct record_step *steps)
{
	size_t n = 0;

	while (n < MAX_STEPS && steps[n].step.path)
		n++;
	return n;
}

static struct facts_mount mounts[] = {
    {"memory", "/c/memory", "/"}, {"blkio", "/c/blkio", "/"}, {"unified", "/c/unified", "/"}};

static struct record record_with(const struct record_step *steps, size_t n)
{
	return (struct record){.id = "c1",
			       .path = "/vm",
			       .mounts = mounts,
			       .n_mounts = COUNT(mounts),
			       .steps = (struct record_step *)steps,
			       .n_steps = n};
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_step(const struct record_step *a, const struct record_step *b)
{
	return a->step.op == b->step.op && same(a->step.controller, b->step.controller) &&
	       same(a->step.path, b->step.path) && same(a->step.file, b->step.file) &&
	       same(a->step.value, b->step.value) && a->fresh == b->fresh && same(a->old, b->old) &&
	       same(a->set, b->set);
}

static void print_steps(const struct record *r)
{
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct record_step *s = &r->steps[i];

		print_error("  %s %s %s %s fresh %d old \"%s\"\n", plan_op_name[s->step.op],
			    s->step.path, s->step.file ? s->step.file : "-",
			    s->step.value ? s->step.value : "-", s->fresh, s->old ? s->old : "-");
	}
}

static void test_steps(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct record before = record_with(rows[i].before, count(rows[i].before));
		const struct record more = record_with(rows[i].more, count(rows[i].more));
		struct record got = record_with(NULL, 0);
		struct arena a = {0};
		bool ok;

		assert_int_equal(record_merge(&got, &before, &more, &a, NULL), 0);
		ok = got.n_steps == count(rows[i].want);
		for (size_t k = 0; ok && k < got.n_steps; k++)
			ok = same_step(&got.steps[k], &rows[i].want[k]);
		if (!ok) {
			print_error("%s:\n", rows[i].what);
			print_steps(&got);
			wrong++;
		}
		arena_free(&a);
	}
	assert_int_equal(wrong, 0);
}

/* Neither record is written to, and of the result only the steps. */
static void test_inputs_stay(void **state)
{
	static const struct record_step first[] = {WRITE("memory.max", "5", "max")};
	static const struct record_step later[] = {WRITE("memory.max", "7", "5")};
	struct record_step steps[COUNT(first)];
	const struct record before = record_with(steps, COUNT(steps));
	const struct record more = record_with(later, COUNT(later));
	struct record got = {.id = "kept", .bundle = "/b", .created = 5};
	struct arena a = {0};

	(void)state;
	memcpy(steps, first, sizeof(steps));
	got.mounts = mounts;
	got.n_mounts = COUNT(mounts);
	assert_int_equal(record_merge(&got, &before, &more, &a, NULL), 0);
	assert_string_equal(got.id, "kept");
	assert_string_equal(got.bundle, "/b");
	assert_int_equal(got.created, 5);
	assert_int_equal(got.n_mounts, COUNT(mounts));
	assert_int_equal(got.n_steps, 1);
	assert_string_equal(got.steps[0].step.value, "7");
	assert_true(same_step(&steps[0], &first[0]));
	arena_free(&a);
}

/* --- a unit's properties, changed twice --- */

/* What the first change found and set, then the second; what both together are. NULL: none. */
static const struct {
	const char *what, *old, *set, *later_old, *later, *want_old, *want_set;
} sets[] = {
    {"no change at all", NULL, NULL, NULL, NULL, "none", "none"},
    {"only the first", "N=1", "N=5", NULL, NULL, "N=1", "N=5"},
    {"only the second", NULL, NULL, "N=1", "N=5", "N=1", "N=5"},
    {"a number twice", "N=1", "N=5", "N=5", "N=7", "N=1", "N=7"},
    {"a text twice", "P=auto", "P=closed", "P=closed", "P=strict", "P=auto", "P=strict"},
    {"another property later", "N=1", "N=5", "M=2", "M=7", "N=1 M=2", "N=5 M=7"},
    {"one again, one new", "N=1 K=3", "N=5 K=4", "N=5 M=2", "N=6 M=7", "N=1 K=3 M=2",
     "N=6 K=4 M=7"},
    {"a list that grows twice", "L L+a:r", "L+b:rw", "L L+a:r+b:rw", "L+c:r", "L L+a:r",
     "L+b:rw+c:r"},
    {"a list that was empty", "L", "L+b:rw", "L L+b:rw", "L+c:r", "L", "L+b:rw+c:r"},
    {"an item that grows twice", "L L+a:r", "L+a:rw", "L L+a:rw", "L+a:rwm", "L L+a:r", "L+a:rwm"},
    {"a list of the second alone", "N=1", "N=5", "L L+a:r", "L+b:r", "N=1 L L+a:r", "N=5 L+b:r"},
    /* sent empty, and then anew */
    {"sent anew, then added to", "L L+a:rwm+x:rw", "L P=strict L+a:rwm+b:r", "L L+a:rwm+b:r",
     "L+c:r", "L L+a:rwm+x:rw", "P=strict L L+a:rwm+b:r+c:r"},
    {"added to, then sent anew without what had been added", "L L+a:rwm", "L+b:r+c:r",
     "L L+a:rwm+b:r+c:r", "L P=strict L+a:rwm+c:r", "L L+a:rwm", "L L+a:rwm+c:r P=strict"},
    {"sent anew twice", "L L+a:rwm+x:rw+y:rw", "L P=strict L+a:rwm+y:rw", "L L+a:rwm+y:rw",
     "L P=strict L+a:rwm", "L L+a:rwm+y:rw+x:rw", "P=strict L L+a:rwm"},
    {"cleared and nothing more", "L L+a:r", "L", "L", "L+b:r", "L L+a:r", "L L+b:r"},
    {"cleared at last", "L L+a:r", "L+b:r", "L L+a:r+b:r", "L", "L L+a:r", "L"},
    {"a policy that was sent with a list is what it was when it is changed", "L L+a:rw+b:rw",
     "L P=strict L+a:rw", "P=strict L L+a:rw", "L P=auto", "L L+a:rw+b:rw P=strict", "P=auto L"},
    /* what others did in between is theirs */
    {"an item that others added, and that was sent anew", "L L+a:r", "L+b:r", "L L+a:r+b:r+o:rw",
     "L P=strict L+a:r+o:rw", "L L+a:r+o:rw", "L L+a:r+o:rw P=strict"},
    {"an item that others removed is not put back", "L L+a:r+o:rw", "L+b:r", "L L+a:r+b:r",
     "L P=strict L+a:r", "L L+a:r", "L L+a:r P=strict"},
    {"an item whose letters others changed", "L L+a:r", "L+a:rw", "L L+a:rwm+b:r",
     "L P=strict L+a:rwm", "L L+a:rwm+b:r", "L L+a:rwm P=strict"},
};

static struct record_step set_step(struct arena *a, const char *old, const char *set)
{
	return (struct record_step){.step = {.op = PLAN_SET,
					     .controller = "",
					     .path = "/a.slice/vm.scope",
					     .value = "vm.scope",
					     .why = "/p"},
				    .old = json_of(a, old),
				    .set = json_of(a, set)};
}

static void test_sets(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sets); i++) {
		struct arena a = {0};
		const struct record_step first = set_step(&a, sets[i].old, sets[i].set);
		const struct record_step second = set_step(&a, sets[i].later_old, sets[i].later);
		const struct record before = record_with(&first, 1), more = record_with(&second, 1);
		struct record got = record_with(NULL, 0);
		const char *old, *set;

		assert_int_equal(record_merge(&got, &before, &more, &a, NULL), 0);
		assert_int_equal(got.n_steps, 1);
		old = words_of(&a, got.steps[0].old);
		set = words_of(&a, got.steps[0].set);
		if (strcmp(old, sets[i].want_old) != 0 || strcmp(set, sets[i].want_set) != 0) {
			print_error("%s\n  want %s -> %s\n  got  %s -> %s\n", sets[i].what,
				    sets[i].want_old, sets[i].want_set, old, set);
			wrong++;
		}
		arena_free(&a);
	}
	assert_int_equal(wrong, 0);
}

/* What a killed change may not have replaced yet. */
static void test_prior(void **state)
{
	static const struct record_step first[] = {WRITE("pids.max", "5", "max")};
	static const struct record_step same_[] = {WRITE("pids.max", "5", "5")};
	static const struct record_step later[] = {WRITE("pids.max", "7", "5")};
	const struct record before = record_with(first, 1);
	struct record got = record_with(NULL, 0), again = record_with(NULL, 0);
	const struct record more = record_with(later, 1), equal = record_with(same_, 1);
	struct arena a = {0};

	(void)state;
	assert_int_equal(record_merge(&got, &before, &equal, &a, NULL), 0);
	assert_null(got.steps[0].prior);
	assert_int_equal(record_merge(&got, &before, &more, &a, NULL), 0);
	assert_string_equal(got.steps[0].prior, "5");
	assert_string_equal(got.steps[0].old, "max");
	assert_int_equal(record_merge(&again, &got, &equal, &a, NULL), 0);
	assert_string_equal(again.steps[0].prior, "7");
	assert_string_equal(again.steps[0].old, "max");
	arena_free(&a);
}

/* A text that is not what was written. */
static void test_damaged(void **state)
{
	static const char good[] = "[{\"name\":\"N\",\"type\":\"t\",\"value\":1}]";
	static const char *const bad[] = {
	    "",
	    "[",
	    "{}",
	    "[{\"name\":\"N\"}]",
	    "[{\"name\":\"N\",\"type\":\"t\",\"value\":\"1\"}]",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		for (size_t at = 0; at < 4; at++) {
			const char *texts[4] = {good, good, good, good};
			struct arena a = {0};
			struct record_step first = set_step(&a, NULL, NULL), second = first;
			const struct record before = record_with(&first, 1);
			const struct record more = record_with(&second, 1);
			struct record got = record_with(NULL, 0);
			struct error e = {0};

			texts[at] = bad[i];
			first.old = texts[0];
			first.set = texts[1];
			second.old = texts[2];
			second.set = texts[3];
			if (record_merge(&got, &before, &more, &a, &e) != -1 ||
			    e.kind != ERROR_HOST || !*e.text)
				fail_msg("\"%s\" as text %zu: %d \"%s\"", bad[i], at, e.kind,
					 e.text);
			arena_free(&a);
		}
	}
}

/* --- any two changes --- */

static const char *const keys[] = {"a", "b", "c", "d"};
static const char *const letters[] = {"r", "w", "m", "rw", "rm", "wm", "rwm"};

static unsigned next(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed / 65536U % n;
}

static struct unit_property some_list(unsigned *seed, struct arena *a)
{
	struct unit_property p = {.name = "DeviceAllow", .type = "a(ss)"};

	for (size_t i = 0; i < COUNT(keys); i++)
		if (next(seed, 2))
			*ARENA_APPEND(a, p.items, p.n_items) = (struct unit_item){
			    .key = keys[i], .text = letters[next(seed, COUNT(letters))]};
	return p;
}

static const struct unit_item *item_of(const struct unit_property *p, const char *key)
{
	for (size_t i = 0; i < p->n_items; i++)
		if (strcmp(p->items[i].key, key) == 0)
			return &p->items[i];
	return NULL;
}

/* The list after what systemd makes of a message: an empty list clears, an item of the same key
 * is replaced, a new one appended. */
static struct unit_property sent(const struct unit_property *live,
				 const struct unit_properties *set, struct arena *a)
{
	struct unit_property list = *live;

	list.items = NULL;
	list.n_items = 0;
	for (size_t i = 0; i < live->n_items; i++)
		*ARENA_APPEND(a, list.items, list.n_items) = live->items[i];
	for (size_t i = 0; i < set->n; i++) {
		const struct unit_property *p = &set->list[i];

		if (strcmp(p->name, "DeviceAllow") != 0)
			continue;
		if (!p->n_items)
			list.n_items = 0;
		for (size_t k = 0; k < p->n_items; k++) {
			struct unit_item *is = (struct unit_item *)item_of(&list, p->items[k].key);

			if (!is)
				is = ARENA_APPEND(a, list.items, list.n_items);
			*is = p->items[k];
		}
	}
	return list;
}

static bool same_items(const struct unit_property *x, const struct unit_property *y)
{
	if (x->n_items != y->n_items)
		return false;
	for (size_t i = 0; i < x->n_items; i++) {
		const struct unit_item *other = item_of(y, x->items[i].key);

		if (!other || strcmp(other->text, x->items[i].text) != 0)
			return false;
	}
	return true;
}

static const char *text_of(const struct unit_property *p, struct arena *a)
{
	return unitprop_copy_text(&(struct unit_properties){(struct unit_property *)p, 1}, a);
}

/* One change of the unit: a step as apply looks at it, and the list that it leads to. */
static struct record_step change(struct unit_property *live, unsigned *seed, struct arena *a)
{
	struct unit_property now[] = {{.name = "DevicePolicy", .type = "s", .text = "strict"},
				      *live};
	struct unit_property wish = some_list(seed, a), not_wish = some_list(seed, a);
	const struct unit_properties is = {now, 2}, wanted = {&wish, 1};
	const struct unit_properties unwanted = {&not_wish, next(seed, 2)};
	struct unit_properties set, old;
	struct record_step s = set_step(a, NULL, NULL);

	unitdiff(&set, &old, &wanted, &is, &unwanted, a);
	if (set.n) {
		s.old = unitprop_copy_text(&old, a);
		s.set = unitprop_copy_text(&set, a);
	}
	*live = sent(live, &set, a);
	return s;
}

static struct unit_properties parsed(const char *text, struct arena *a)
{
	struct unit_properties ret = {0};

	if (text)
		assert_int_equal(unitprop_parse(&ret, a, "record", text, strlen(text), NULL), 0);
	return ret;
}

/* Whatever three changes did to a list, taking back what is on record gives the first one, and
 * what others added in between stays. */
static void test_any_changes_go_back(void **state)
{
	(void)state;
	for (unsigned run = 0; run < 4000; run++) {
		struct arena a = {0};
		unsigned seed = run;
		struct unit_property was = some_list(&seed, &a), live = was, end;
		struct record_step step = change(&live, &seed, &a), later;
		struct record r = record_with(&step, 1), more = record_with(&later, 1), got = r;
		struct unit_properties old, set, back, now;
		bool others = next(&seed, 2);

		for (int i = 0; i < 2; i++) {
			if (others && i == 0)
				*ARENA_APPEND(&a, live.items, live.n_items) =
				    (struct unit_item){.key = "theirs", .text = "rw"};
			later = change(&live, &seed, &a);
			assert_int_equal(record_merge(&got, &r, &more, &a, NULL), 0);
			assert_int_equal(got.n_steps, 1);
			r = got;
		}
		old = parsed(r.steps[0].old, &a);
		set = parsed(r.steps[0].set, &a);
		now = (struct unit_properties){&live, 1};
		unitdiff_back(&back, &old, &set, &now, &a);
		end = sent(&live, &back, &a);
		if (others)
			*ARENA_APPEND(&a, was.items, was.n_items) =
			    (struct unit_item){.key = "theirs", .text = "rw"};
		if (!same_items(&end, &was))
			fail_msg("run %u\n was  %s\n is   %s\n back %s\n set  %s\n old  %s", run,
				 text_of(&was, &a), text_of(&live, &a), text_of(&end, &a),
				 r.steps[0].set, r.steps[0].old);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_steps),   cmocka_unit_test(test_inputs_stay),
	    cmocka_unit_test(test_sets),    cmocka_unit_test(test_prior),
	    cmocka_unit_test(test_damaged), cmocka_unit_test(test_any_changes_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

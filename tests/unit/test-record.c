/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-record - a record there and back, and what is refused
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/record.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* --- there and back --- */

static struct facts_mount mounts[] = {{"memory", "/sys/fs/cgroup/memory", "/"},
				      {"unified", "/sys/fs/cgroup/unified", "/docker/1"}};
static struct facts_member origins[] = {{"memory", "/old"}, {"unified", "/a b\"\n"}};
static struct device_entry granted[] = {
    {'b', OCI_ANY, OCI_ANY, OCI_MKNOD, "base list"},
    {'c', 10, 232, OCI_RWM, "hypervisor:/dev/kvm"},
    {'c', 4095, 1048575, OCI_READ, NULL},
};
static struct device_entry denied[] = {{'b', 8, 0, OCI_READ | OCI_WRITE, "policy:/devices/deny"}};
static struct record_step steps[] = {
    {{PHASE_CREATE, PLAN_MKDIR, "", "/vm", NULL, NULL, "default"}, true, NULL, NULL},
    {{PHASE_CREATE, PLAN_ENABLE, "", "/", "cgroup.subtree_control", "+cpu", "/r"},
     false,
     "io",
     NULL},
    {{PHASE_PRETASK, PLAN_DEVICES, "devices", "/vm", NULL, NULL, "default"},
     false,
     "a *:* rwm",
     NULL},
    {{PHASE_PLACE, PLAN_PLACE, "memory", "/vm", "cgroup.procs", "77", "state:/pid"},
     false,
     "/old",
     NULL},
    {{PHASE_LIMITS, PLAN_WRITE, "memory", "/vm", "memory.max", "1", "/r/memory"},
     false,
     "a\nb\t",
     NULL},
    {{PHASE_LIMITS, PLAN_WRITE, "cpuset", "/vm", "cpuset.cpus", "0", "/r/cpu"}, false, "", NULL},
    /* Filled from its parent, and before that is known: emptied again. */
    {{PHASE_CREATE, PLAN_INHERIT, "cpuset", "/p", "cpuset.cpus", "0-1", "parent"}, false, "", NULL},
    {{PHASE_CREATE, PLAN_INHERIT, "cpuset", "/p", "cpuset.mems", NULL, "parent"}, false, "", NULL},
    {{PHASE_CREATE, PLAN_START, "", "/vm", NULL, "vm.scope", "/p"}, true, NULL, NULL},
    {{PHASE_CREATE, PLAN_SET, "", "/vm", NULL, "vm.scope", "/p"}, false, "[1]", "[2, \"x\"]"},
    {{PHASE_LIMITS, PLAN_VERIFY, "memory", "/vm", "memory.max", "1", "/r/memory"},
     true,
     NULL,
     NULL},
};

/* Never undone, so never kept. */
static struct record_step passing[] = {
    {{PHASE_CHECK, PLAN_CHECK, "memory", "/vm", "a b", "1", "/r"}, false, NULL, NULL},
    {{PHASE_CREATE, PLAN_INHERIT, "cpuset", "/p", "cpuset.cpus", "0", "parent"}, false, "0", NULL},
    {{PHASE_PRETASK, PLAN_INHERIT, "cpuset", "/vm", "cpuset.cpus", "0", "parent"},
     true,
     NULL,
     NULL},
    {{PHASE_PLACE, PLAN_AFFINITY, "cpuset", "/vm", NULL, "77", "/r/cpu/cpus"}, false, NULL, NULL},
};

static const struct record full = {
    .id = "c1",
    .status = RECORD_APPLIED,
    .boot = "b-o-o-t",
    .bundle = "/bundles/c1",
    .created = 1700000000,
    .layout = LAYOUT_HYBRID,
    .manager = MANAGER_SYSTEMD,
    .mode = MODE_ADOPT,
    .path = "/a.slice/vm.scope",
    .unit = "vm.scope",
    .slice = "a.slice",
    .kill = true,
    .joined = true,
    .mounts = mounts,
    .n_mounts = COUNT(mounts),
    .init = {.pid = 42, .start = 1},
    .vm = {.pid = 77,
	   .start = UINT64_MAX,
	   .comm = "qemu \x01",
	   .cgroups = origins,
	   .n_cgroups = COUNT(origins)},
    .has_devices = true,
    .devices = {.entries = granted, .n = COUNT(granted)},
    .denied = {.allow = true, .entries = denied, .n = COUNT(denied)},
    .steps = steps,
    .n_steps = COUNT(steps),
};

static const struct record least = {
    .id = "x", .boot = "", .path = "/vmcg/x", .layout = LAYOUT_LEGACY};

static void must_parse(struct record *ret, struct arena *a, const struct text *t)
{
	struct error e;

	if (record_parse(ret, a, "f", t->s, t->len, &e) < 0)
		fail_msg("%s\n%s", e.text, t->s);
}

static void same(const char *a, const char *b)
{
	if (!a || !b)
		assert_true(a == b);
	else
		assert_string_equal(a, b);
}

static void check_steps(const struct record *got, const struct record *want)
{
	assert_int_equal(got->n_steps, want->n_steps);
	for (size_t i = 0; i < want->n_steps; i++) {
		const struct record_step *g = &got->steps[i], *w = &want->steps[i];

		assert_int_equal(g->step.op, w->step.op);
		same(g->step.controller, w->step.controller);
		same(g->step.path, w->step.path);
		same(g->step.file, w->step.file);
		same(g->step.value, w->step.value);
		same(g->step.why, w->step.why);
		assert_int_equal(g->fresh, w->fresh);
		same(g->old, w->old);
		same(g->set, w->set);
	}
}

static void check_policy(const struct device_policy *got, const struct device_policy *want)
{
	assert_int_equal(got->allow, want->allow);
	assert_int_equal(got->n, want->n);
	for (size_t i = 0; i < want->n; i++)
		same(got->entries[i].why, want->entries[i].why);
	assert_true(devrules_equal(got, want));
}

static void check_process(const struct facts_process *got, const struct facts_process *want)
{
	assert_int_equal(got->pid, want->pid);
	assert_true(got->start == want->start);
	same(got->comm, want->comm);
	assert_int_equal(got->n_cgroups, want->n_cgroups);
	for (size_t i = 0; i < want->n_cgroups; i++) {
		same(got->cgroups[i].hierarchy, want->cgroups[i].hierarchy);
		same(got->cgroups[i].path, want->cgroups[i].path);
	}
}

static void round_trip(const struct record *want)
{
	struct arena a = {0};
	struct text t = {0};
	struct record got = {0};

	record_json(want, &t);
	assert_int_equal(t.s[t.len - 1], '\n');
	must_parse(&got, &a, &t);
	same(got.id, want->id);
	assert_int_equal(got.status, want->status);
	same(got.boot, want->boot);
	same(got.bundle, want->bundle);
	assert_int_equal(got.created, want->created);
	assert_int_equal(got.layout, want->layout);
	assert_int_equal(got.manager, want->manager);
	assert_int_equal(got.mode, want->mode);
	same(got.path, want->path);
	same(got.unit, want->unit);
	same(got.slice, want->slice);
	assert_int_equal(got.kill, want->kill);
	assert_int_equal(got.joined, want->joined);
	assert_int_equal(got.n_mounts, want->n_mounts);
	for (size_t i = 0; i < want->n_mounts; i++) {
		same(got.mounts[i].name, want->mounts[i].name);
		same(got.mounts[i].path, want->mounts[i].path);
		same(got.mounts[i].root, want->mounts[i].root);
	}
	check_process(&got.init, &want->init);
	check_process(&got.vm, &want->vm);
	assert_int_equal(got.has_devices, want->has_devices);
	check_policy(&got.devices, &want->devices);
	check_policy(&got.denied, &want->denied);
	check_policy(&got.before, &want->before);
	check_steps(&got, want);
	text_free(&t);
	arena_free(&a);
}

static void test_round_trip(void **state)
{
	(void)state;
	round_trip(&full);
	round_trip(&least);
}

static void test_passing_steps_are_not_kept(void **state)
{
	struct record r = least;
	struct arena a = {0};
	struct text t = {0};
	struct record got = {0};

	(void)state;
	r.steps = passing;
	r.n_steps = COUNT(passing);
	record_json(&r, &t);
	must_parse(&got, &a, &t);
	assert_int_equal(got.n_steps, 0);
	text_free(&t);
	arena_free(&a);
}

static void test_from_plan(void **state)
{
	struct arena a = {0};
	struct plan p = {.arena = &a, .mode = MODE_ADOPT, .path = "/vm", .has_devices = true};
	const struct facts f = {.mounts = mounts, .n_mounts = COUNT(mounts)};
	struct record r;

	(void)state;
	p.devices = full.devices;
	p.denied = full.denied;
	plan_add(&p, PHASE_LIMITS, PLAN_WRITE, "memory", "/vm", "memory.max", "1", "/r");
	plan_add(&p, PHASE_UNIFIED, PLAN_WRITE, "memory", "/vm", "memory.high", "2", "/r");
	record_from_plan(&r, &p, &f, &a);
	assert_int_equal(r.mode, MODE_ADOPT);
	assert_string_equal(r.path, "/vm");
	assert_int_equal(r.n_mounts, 2);
	assert_int_equal(r.n_steps, 2);
	assert_string_equal(r.steps[1].step.file, "memory.high");
	assert_false(r.steps[0].fresh);
	assert_null(r.steps[0].old);
	assert_true(r.has_devices);
	check_policy(&r.devices, &full.devices);
	check_policy(&r.denied, &full.denied);
	arena_free(&a);
}

/* --- refusals --- */

/* The full record with one text in place of another. */
/* Of a vmcg before or after this one: not damaged, and not to be removed. */
#define OTHER_VERSION "use the vmcg that made it"

static const struct {
	const char *from, *to, *want; /* to NULL: cut here */
} damages[] = {
    {"\"vmcg\":2", "\"vmcg\":3", OTHER_VERSION},
    {"\"vmcg\":2", "\"vmcg\":0", OTHER_VERSION},
    {"\"vmcg\":2,", "", "vmcg"},
    {"{\"vmcg\"", "[1] {\"vmcg\"", ""},
    {"\"steps\"", NULL, ""},
    {"\"id\":\"c1\",", "", "\"id\""},
    {"\"id\":\"c1\"", "\"id\":\"c1\",\"more\":1", "/more"},
    {"\"id\":\"c1\"", "\"id\":1", "/id"},
    {"\"applied\"", "\"half\"", "\"half\" is not known here"},
    {"\"hybrid\"", "\"v3\"", "\"v3\" is not known here"},
    {"\"systemd\"", "\"runit\"", "\"runit\" is not known here"},
    {"\"adopt\"", "\"own \"", "\"own \" is not known here"},
    {"\"kill\"", "\"stop\"", "\"stop\" is not known here"},
    {"\"mkdir\"", "\"rmdir\"", "/steps/0: \"rmdir\" is not known here"},
    {"\"pid\":77", "\"pid\":0", "/vm/pid"},
    {"\"pid\":77", "\"pid\":2147483648", "/vm/pid"},
    {"\"access\":\"rwm\"", "\"access\":\"mwr\"", "\"mwr\" is not a subset of \"rwm\""},
    {"\"access\":\"rwm\"", "\"access\":\"\"", "is not a subset of \"rwm\""},
    {"\"type\":\"b\"", "\"type\":\"a\"", "type \"a\" is neither \"b\" nor \"c\""},
    {"\"major\":4095", "\"major\":4096", "/major"},
    {"\"minor\":1048575", "\"minor\":1048576", "/minor"},
    {"\"major\":-1", "\"major\":-2", "/major"},
    {"\"default\":\"deny\"", "\"default\":\"no\"", "\"no\" is not known here"},
    /* what it says becomes paths */
    {"\"path\":\"/vm\"", "\"path\":\"vm\"", "\"vm\" is not a clean cgroup path"},
    {"\"path\":\"/vm\"", "\"path\":\"/../vm\"", "\"/../vm\" is not a clean cgroup path"},
    {"\"path\":\"/vm\"", "\"path\":\"/vm/..\"", "\"/vm/..\" is not a clean cgroup path"},
    {"\"path\":\"/vm\"", "\"path\":\"/..\"", "\"/..\" is not a clean cgroup path"},
    {"\"path\":\"/vm\"", "\"path\":\"/a/./b\"", "is not a clean cgroup path"},
    {"\"path\":\"/vm\"", "\"path\":\"//vm\"", "is not a clean cgroup path"},
    {"\"path\":\"/vm\"", "\"path\":\"/vm/\"", "is not a clean cgroup path"},
    {"\"path\":\"/vm\"", "\"path\":\"\"", "is not a clean cgroup path"},
    {"/a.slice/vm.scope", "/a.slice/../vm.scope", "is not a clean cgroup path"},
    {"/a.slice/vm.scope", "/", "\"/\" is not a clean cgroup path"},
    {"/a.slice/vm.scope", "/..", "is not a clean cgroup path"},
    {"/a.slice/vm.scope", "vm.scope", "is not a clean cgroup path"},
    {"\"file\":\"memory.max\"", "\"file\":\"../memory.max\"",
     "\"../memory.max\" is not the name of a control file"},
    {"\"file\":\"memory.max\"", "\"file\":\"a/b\"", "is not the name of a control file"},
    {"\"file\":\"memory.max\"", "\"file\":\"..\"", "is not the name of a control file"},
    {"\"file\":\"memory.max\"", "\"file\":\"\"", "is not the name of a control file"},
};

static char *damage(const struct text *t, size_t i, struct arena *a)
{
	const char *at = strstr(t->s, damages[i].from);

	if (!at)
		fail_msg("row %zu: %s is not in\n%s", i, damages[i].from, t->s);
	if (!damages[i].to)
		return arena_copy(a, t->s, (size_t)(at - t->s));
	return arena_printf(a, "%.*s%s%s", (int)(at - t->s), t->s, damages[i].to,
			    at + strlen(damages[i].from));
}

static void test_damages(void **state)
{
	struct text t = {0};
	size_t wrong = 0;

	(void)state;
	record_json(&full, &t);
	for (size_t i = 0; i < COUNT(damages); i++) {
		struct arena a = {0};
		struct error e = {0};
		struct record r = {.id = "untouched"};
		const char *bad = damage(&t, i, &a);
		int code = record_parse(&r, &a, "/run/vmcg/c1.json", bad, strlen(bad), &e);
		bool damaged = strcmp(damages[i].want, OTHER_VERSION) != 0;

		if (code != -1 || e.kind != ERROR_HOST || strcmp(r.id, "untouched") != 0 ||
		    !strstr(e.text, "/run/vmcg/c1.json") || !strstr(e.text, damages[i].want) ||
		    !strstr(e.text, "damaged or foreign") == damaged) {
			print_error("row %zu: %s -> %s\n  want %s\n  got  %d %s\n", i,
				    damages[i].from, damages[i].to, damages[i].want, code, e.text);
			wrong++;
		}
		arena_free(&a);
	}
	text_free(&t);
	assert_int_equal(wrong, 0);
}

/* The first bytes of a record are never a record, wherever a crash of the host cut it. */
static void test_cut_anywhere(void **state)
{
	struct text t = {0};

	(void)state;
	record_json(&full, &t);
	for (size_t n = 0; n < t.len - 2; n++) {
		struct arena a = {0};
		struct record r;

		if (record_parse(&r, &a, "f", t.s, n, NULL) != -1)
			fail_msg("%zu of %zu bytes are taken for a record", n, t.len);
		arena_free(&a);
	}
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_passing_steps_are_not_kept),
	    cmocka_unit_test(test_from_plan),    cmocka_unit_test(test_damages),
	    cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-record - a record there and back, and what is refused
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "hook/record.h"
#include "oci/resources_json.h"

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
    {{PHASE_CREATE, PLAN_MKDIR, "", "/vm", NULL, NULL, "default"}, true, NULL, NULL, NULL},
    {{PHASE_CREATE, PLAN_ENABLE, "", "/", "cgroup.subtree_control", "+cpu", "/r"},
     false,
     "io",
     NULL,
     NULL},
    {{PHASE_PRETASK, PLAN_DEVICES, "devices", "/vm", NULL, NULL, "default"},
     false,
     "a *:* rwm",
     NULL,
     NULL},
    {{PHASE_PLACE, PLAN_PLACE, "memory", "/vm", "cgroup.procs", "77", "state:/pid"},
     false,
     "/old",
     NULL,
     NULL},
    {{PHASE_LIMITS, PLAN_WRITE, "memory", "/vm", "memory.max", "1", "/r/memory"},
     false,
     "a\nb\t",
     NULL,
     "2"},
    {{PHASE_LIMITS, PLAN_WRITE, "cpuset", "/vm", "cpuset.cpus", "0", "/r/cpu"},
     false,
     "",
     NULL,
     NULL},
    /* Filled from its parent, and before that is known: emptied again. */
    {{PHASE_CREATE, PLAN_INHERIT, "cpuset", "/p", "cpuset.cpus", "0-1", "parent"},
     false,
     "",
     NULL,
     NULL},
    {{PHASE_CREATE, PLAN_INHERIT, "cpuset", "/p", "cpuset.mems", NULL, "parent"},
     false,
     "",
     NULL,
     NULL},
    {{PHASE_CREATE, PLAN_START, "", "/vm", NULL, "vm.scope", "/p"}, true, NULL, NULL, NULL},
    {{PHASE_CREATE, PLAN_SET, "", "/vm", NULL, "vm.scope", "/p"}, false, "[1]", "[2, \"x\"]", NULL},
    {{PHASE_LIMITS, PLAN_VERIFY, "memory", "/vm", "memory.max", "1", "/r/memory"},
     true,
     NULL,
     NULL,
     NULL},
};

/* Never undone, so never kept. */
static struct record_step passing[] = {
    {{PHASE_CHECK, PLAN_CHECK, "memory", "/vm", "a b", "1", "/r"}, false, NULL, NULL, NULL},
    {{PHASE_CREATE, PLAN_INHERIT, "cpuset", "/p", "cpuset.cpus", "0", "parent"},
     false,
     "0",
     NULL,
     NULL},
    {{PHASE_PRETASK, PLAN_INHERIT, "cpuset", "/vm", "cpuset.cpus", "0", "parent"},
     true,
     NULL,
     NULL,
     NULL},
    {{PHASE_PLACE, PLAN_AFFINITY, "cpuset", "/vm", NULL, "77", "/r/cpu/cpus"},
     false,
     NULL,
     NULL,
     NULL},
};

static struct facts_member elsewhere[] = {{"unified", "/user.slice"}};
static struct facts_process added[] = {
    {.pid = 78, .start = 5, .comm = "virtiofsd", .cgroups = elsewhere, .n_cgroups = 1},
    {.pid = 2147483647, .start = 6},
};
static struct record_plug plugs[] = {
    {"/dev/vfio/12", 'c', 511, 1048575, NULL},
    {"/dev/vfio/vfio", 'c', 10, 196, "/dev/vfio/12"},
    {"/dev/\"loop 0", 'b', 0, 0, NULL},
};
static struct oci_hugepage pages[] = {{"2MB", UINT64_MAX}};
static struct oci_unified lines[] = {{"memory.high", "4096"}, {"io.max", "8:0 rbps=5\n"}};
static struct oci_device_rule rules[] = {{true, 'c', 10, OCI_ANY, OCI_READ | OCI_MKNOD}};

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
    .tail = "vm.scope",
    .kill = true,
    .joined = true,
    .frozen = true,
    .mounts = mounts,
    .n_mounts = COUNT(mounts),
    .init = {.pid = 42, .start = 1},
    .vm = {.pid = 77,
	   .start = UINT64_MAX,
	   .comm = "qemu \x01",
	   .cgroups = origins,
	   .n_cgroups = COUNT(origins)},
    .added = added,
    .n_added = COUNT(added),
    .has_resources = true,
    .resources = {.memory = {.limit = {true, 536870912},
			     .swap = {true, -1},
			     .disable_oom_killer = {true, false}},
		  .cpu = {.shares = {true, 512}, .cpus = "0-1"},
		  .pids_limit = {true, 0},
		  .hugepages = pages,
		  .n_hugepages = COUNT(pages),
		  .devices = rules,
		  .n_devices = COUNT(rules),
		  .unified = lines,
		  .n_unified = COUNT(lines)},
    .properties = "[{\"name\":\"MemoryMax\",\"type\":\"t\",\"value\":5}]",
    .has_devices = true,
    .devices = {.entries = granted, .n = COUNT(granted)},
    .denied = {.allow = true, .entries = denied, .n = COUNT(denied)},
    .has_former = true,
    .former = {.entries = granted, .n = COUNT(granted)},
    .before = {.entries = denied, .n = COUNT(denied)},
    .plugs = plugs,
    .n_plugs = COUNT(plugs),
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
		same(g->prior, w->prior);
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

static void check_plugs(const struct record *got, const struct record *want)
{
	assert_int_equal(got->n_plugs, want->n_plugs);
	for (size_t i = 0; i < want->n_plugs; i++) {
		same(got->plugs[i].path, want->plugs[i].path);
		assert_int_equal(got->plugs[i].type, want->plugs[i].type);
		assert_int_equal(got->plugs[i].major, want->plugs[i].major);
		assert_int_equal(got->plugs[i].minor, want->plugs[i].minor);
		same(got->plugs[i].with, want->plugs[i].with);
	}
}

/* What resources_json makes of them has tests of its own. */
static void check_resources(const struct oci_resources *got, const struct oci_resources *want)
{
	struct text g = {0}, w = {0};
	struct jsonw to_g = {.out = &g}, to_w = {.out = &w};

	oci_resources_json(&to_g, NULL, got);
	oci_resources_json(&to_w, NULL, want);
	assert_string_equal(g.s, w.s);
	/* where it was in the config: errors of an update point there */
	assert_string_equal(got->base, "/linux/resources");
	text_free(&g);
	text_free(&w);
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
	same(got.tail, want->tail);
	assert_int_equal(got.frozen, want->frozen);
	assert_int_equal(got.n_added, want->n_added);
	for (size_t i = 0; i < want->n_added; i++)
		check_process(&got.added[i], &want->added[i]);
	assert_int_equal(got.has_resources, want->has_resources);
	check_resources(&got.resources, &want->resources);
	same(got.properties, want->properties);
	check_plugs(&got, want);
	assert_int_equal(got.has_devices, want->has_devices);
	check_policy(&got.devices, &want->devices);
	check_policy(&got.denied, &want->denied);
	check_policy(&got.before, &want->before);
	assert_int_equal(got.has_former, want->has_former);
	check_policy(&got.former, &want->former);
	check_steps(&got, want);
	text_free(&t);
	arena_free(&a);
}

static void test_round_trip(void **state)
{
	struct record r = least;

	(void)state;
	round_trip(&full);
	round_trip(&least);
	/* nothing was asked for, which is not that it is unknown */
	r.has_resources = true;
	round_trip(&r);
	r.status = RECORD_LEAVING;
	r.has_devices = true;
	r.devices.allow = true;
	round_trip(&r);
}

/* What there is nothing to say of is not said. */
static void test_absent(void **state)
{
	static const char *const names[] = {"tail",       "frozen", "added",  "plugs",
					    "resources",  "init",   "vm",     "before",
					    "properties", "denied", "devices"};
	struct text all = {0}, none = {0};

	(void)state;
	record_json(&full, &all);
	record_json(&least, &none);
	for (size_t i = 0; i < COUNT(names); i++) {
		char quoted[32];

		snprintf(quoted, sizeof(quoted), "\"%s\":", names[i]);
		if (!strstr(all.s, quoted) || strstr(none.s, quoted))
			fail_msg("%s\n%s%s", quoted, all.s, none.s);
	}
	text_free(&all);
	text_free(&none);
}

/* As vmcg wrote it before there were updates: it can be taken down, and is known for what it is. */
static void test_version_1(void **state)
{
	static const char old[] =
	    "{\"vmcg\":1,\"id\":\"c1\",\"status\":\"applied\",\"boot\":\"b0\",\"bundle\":\"/b\","
	    "\"created\":1700000000,\"layout\":\"unified\",\"manager\":\"systemd\",\"mode\":"
	    "\"own\","
	    "\"path\":\"/a.slice/vm.scope\",\"unit\":\"vm.scope\",\"slice\":\"a.slice\","
	    "\"on_stop\":\"move\",\"joined\":false,"
	    "\"mounts\":[{\"name\":\"unified\",\"path\":\"/sys/fs/cgroup\"}],"
	    "\"init\":{\"pid\":42,\"start\":1},"
	    "\"vm\":{\"pid\":77,\"start\":2,\"comm\":\"qemu\",\"cgroups\":{\"unified\":\"/old\"}},"
	    "\"devices\":{\"default\":\"deny\",\"rules\":[{\"type\":\"c\",\"major\":10,\"minor\":"
	    "232,"
	    "\"access\":\"rwm\",\"why\":\"hypervisor:/dev/kvm\"}]},"
	    "\"denied\":{\"default\":\"deny\",\"rules\":[]},"
	    "\"before\":{\"default\":\"deny\",\"rules\":[]},"
	    "\"steps\":[{\"op\":\"start\",\"controller\":\"\",\"path\":\"/a.slice/vm.scope\","
	    "\"value\":\"vm.scope\",\"why\":\"/linux/cgroupsPath\",\"fresh\":true},"
	    "{\"op\":\"devices\",\"controller\":\"devices\",\"path\":\"/a.slice/vm.scope\","
	    "\"why\":\"default\",\"fresh\":true},"
	    "{\"op\":\"verify\",\"controller\":\"memory\",\"path\":\"/a.slice/vm.scope\","
	    "\"file\":\"memory.max\",\"value\":\"4096\",\"why\":\"/r\",\"fresh\":false,"
	    "\"old\":\"max\"}]}\n";
	struct arena a = {0};
	struct text t = {0};
	struct record r = {0};

	(void)state;
	text_puts(&t, old);
	must_parse(&r, &a, &t);
	assert_false(r.has_resources);
	assert_null(r.properties);
	assert_null(r.tail);
	assert_false(r.frozen);
	assert_int_equal(r.n_added, 0);
	assert_int_equal(r.n_plugs, 0);
	assert_string_equal(r.id, "c1");
	assert_int_equal(r.vm.pid, 77);
	assert_true(r.has_devices);
	assert_int_equal(r.devices.n, 1);
	assert_int_equal(r.n_steps, 3);
	assert_string_equal(r.steps[2].old, "max");
	text_free(&t);
	arena_free(&a);
}

static void test_process(void **state)
{
	static const struct {
		int64_t pid;
		const struct facts_process *want;
	} rows[] = {
	    {77, &full.vm},        {78, &added[0]}, {2147483647, &added[1]},
	    {42, NULL /* init */}, {79, NULL},      {0, NULL},
	};
	/* The number of a VM that died, given to who was added later. */
	struct facts_process helper = {.pid = 77, .start = full.vm.start + 1};
	struct record reused = full;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (record_process(&full, rows[i].pid) != rows[i].want)
			fail_msg("process %lld", (long long)rows[i].pid);
	reused.added = &helper;
	reused.n_added = 1;
	assert_ptr_equal(record_process(&reused, 77), &helper);
	assert_null(record_process(&least, 0));
	assert_null(record_process(&least, 77));
}

/* "unified" is the v2 tree; what has no mount of its own is in it. */
static void test_version_of(void **state)
{
	(void)state;
	assert_int_equal(record_version(&full, "memory"), 1);
	assert_int_equal(record_version(&full, "unified"), 2);
	assert_int_equal(record_version(&full, ""), 2);
	assert_int_equal(record_version(&full, "devices"), 2);
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
	struct unit_property memory = {.name = "MemoryMax", .type = "t", .number = 5, .why = "/r"};
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
	assert_null(r.properties);
	assert_false(r.has_resources);
	assert_int_equal(r.n_steps, 2);
	assert_string_equal(r.steps[1].step.file, "memory.high");
	assert_false(r.steps[0].fresh);
	assert_null(r.steps[0].old);
	assert_true(r.has_devices);
	check_policy(&r.devices, &full.devices);
	check_policy(&r.denied, &full.denied);
	p.properties = (struct unit_properties){&memory, 1};
	record_from_plan(&r, &p, &f, &a);
	assert_string_equal(r.properties,
			    "[{\"name\":\"MemoryMax\",\"type\":\"t\",\"value\":5,\"why\":\"/r\"}]");
	arena_free(&a);
}

/* --- refusals --- */

/* Of a vmcg before or after this one: not damaged, and not to be removed. */
#define OTHER_VERSION "use the vmcg that made it"

/* The full record with one text in place of another. */
static const struct {
	const char *from, *to, *want; /* to NULL: cut here */
} damages[] = {
    {"\"vmcg\":2", "\"vmcg\":3", OTHER_VERSION},
    {"\"vmcg\":2", "\"vmcg\":30000000000000000000", OTHER_VERSION},
    {"\"vmcg\":2", "\"vmcg\":0", OTHER_VERSION},
    {"\"vmcg\":2", "\"vmcg\":-1", OTHER_VERSION},
    {"\"vmcg\":2", "\"vmcg\":\"2\"", "/vmcg"},
    {"\"vmcg\":2", "\"vmcg\":2.5", "/vmcg"},
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
    /* what an update needs */
    {"\"tail\":\"vm.scope\"", "\"tail\":5", "/tail"},
    {"\"frozen\":true", "\"frozen\":1", "/frozen"},
    {"\"frozen\":true", "\"frozen\":\"true\"", "/frozen"},
    {"\"added\":[{", "\"added\":[5,{", "/added/0"},
    {"\"added\":[{", "\"added\":[null,{", "/added/0"},
    {"\"pid\":78", "\"pid\":0", "/added/0/pid"},
    {"\"pid\":78,", "", "/added/0"},
    {"\"pid\":2147483647", "\"pid\":2147483648", "/added/1/pid"},
    {"\"start\":6", "\"begin\":6", "/added/1"},
    {"\"/user.slice\"", "7", "/added/0/cgroups/unified"},
    {"\"plugs\":[{", "\"plugs\":[\"/dev/vfio/12\",{", "/plugs/0"},
    {"\"path\":\"/dev/vfio/12\",", "", "/plugs/0"},
    {"\"type\":\"c\",\"major\":511", "\"type\":\"a\",\"major\":511",
     "/plugs/0: type \"a\" is neither \"b\" nor \"c\""},
    {"\"major\":511", "\"major\":4096", "/plugs/0/major"},
    {"\"major\":511", "\"major\":-1", "/plugs/0/major"},
    {"\"major\":511,", "", "/plugs/0"},
    {"\"major\":511,\"minor\":1048575", "\"major\":511,\"minor\":1048576", "/plugs/0/minor"},
    {"\"minor\":196", "\"minor\":-1", "/plugs/1/minor"},
    {"\"with\":\"/dev/vfio/12\"", "\"with\":12", "/plugs/1/with"},
    {"\"with\":\"/dev/vfio/12\"", "\"for\":\"/dev/vfio/12\"", "/plugs/1/for"},
    {"\"limit\":536870912", "\"limit\":\"512M\"", "/resources/memory/limit"},
    {"\"limit\":536870912", "\"limit\":9223372036854775808", "/resources/memory/limit"},
    {"\"shares\":512", "\"shares\":-512", "/resources/cpu/shares"},
    {"\"memory.high\":\"4096\"", "\"memory.high\":4096", "/resources/unified/memory.high"},
    {"\"type\":\"c\",\"major\":10,\"access\":\"rm\"",
     "\"type\":\"d\",\"major\":10,\"access\":\"rm\"", "/resources/devices/0"},
    /* what nothing could be done with */
    {"\"file\":\"cgroup.procs\",", "", "/steps/3: a step \"place\" without \"file\""},
    {"\"value\":\"77\",", "", "/steps/3: a step \"place\" without \"value\""},
    {"\"file\":\"memory.max\",", "", "/steps/4: a step \"write\" without \"file\""},
    {"\"value\":\"+cpu\",", "", "/steps/1: a step \"enable\" without \"value\""},
    {"\"value\":\"vm.scope\",", "", "a step \"start\" without \"value\""},
    {",\"set\":\"[2, \\\"x\\\"]\"", "", "only one of \"old\" and \"set\""},
    {"\"old\":\"[1]\",", "", "only one of \"old\" and \"set\""},
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

/* A new field of another kind, in a record that has none; null is as if it were not there. */
static void test_wrong_kinds(void **state)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
	    {"tail", "[]"},       {"frozen", "\"no\""},    {"added", "{}"},
	    {"added", "78"},      {"plugs", "{}"},         {"plugs", "\"/dev/x\""},
	    {"resources", "[]"},  {"resources", "\"{}\""}, {"properties", "[]"},
	    {"properties", "{}"},
	};
	struct text t = {0};
	const char *rest;

	(void)state;
	record_json(&least, &t);
	rest = strstr(t.s, "\"steps\"");
	assert_non_null(rest);
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int null = 0; null < 2; null++) {
			struct arena a = {0};
			struct error e = {0};
			struct record r;
			const char *doc =
			    arena_printf(&a, "%.*s\"%s\":%s,%s", (int)(rest - t.s), t.s,
					 rows[i].name, null ? "null" : rows[i].value, rest);
			int code = record_parse(&r, &a, "f", doc, strlen(doc), &e);

			if (code != null - 1 ||
			    (!null && (e.kind != ERROR_HOST ||
				       !strstr(e.text, arena_printf(&a, ": /%s:", rows[i].name)))))
				fail_msg("%s: %d %s", doc, code, e.text);
			arena_free(&a);
		}
	}
	text_free(&t);
}

/* A word that says no. */
static void test_not_frozen(void **state)
{
	struct arena a = {0};
	struct text t = {0};
	struct record r = {.frozen = true};
	struct error e = {0};
	const char *steps_at, *doc;

	(void)state;
	record_json(&least, &t);
	steps_at = strstr(t.s, "\"steps\"");
	doc = arena_printf(&a, "%.*s\"frozen\":false,%s", (int)(steps_at - t.s), t.s, steps_at);
	assert_int_equal(record_parse(&r, &a, "f", doc, strlen(doc), &e), 0);
	assert_false(r.frozen);
	text_free(&t);
	arena_free(&a);
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
	    cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_absent),
	    cmocka_unit_test(test_version_1),    cmocka_unit_test(test_process),
	    cmocka_unit_test(test_version_of),   cmocka_unit_test(test_passing_steps_are_not_kept),
	    cmocka_unit_test(test_from_plan),    cmocka_unit_test(test_damages),
	    cmocka_unit_test(test_wrong_kinds),  cmocka_unit_test(test_not_frozen),
	    cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

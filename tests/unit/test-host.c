/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-host - layouts, cgroups, devices and processes of fake hosts
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fakehost.h"

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

/* "LAYOUT: NAME=POINT[ROOT] ... | CONTROLLER ..." */
static const char *show_layout(const struct facts *f, struct text *out)
{
	text_printf(out, "%s:", layout_name[f->layout]);
	for (size_t i = 0; i < f->n_mounts; i++) {
		bool part = strcmp(f->mounts[i].root, "/") != 0;

		text_printf(out, " %s=%s%s%s%s", f->mounts[i].name, f->mounts[i].path,
			    part ? "[" : "", part ? f->mounts[i].root : "", part ? "]" : "");
	}
	text_puts(out, " |");
	for (size_t i = 0; i < f->n_controllers; i++)
		text_printf(out, " %s", f->controllers[i]);
	return out->s;
}

static const struct {
	const char *what;
	struct entry entries[MAX_ENTRIES];
	const char *want; /* the error's words where there is no layout */
} layouts[] = {
    {"unified",
     {MACHINE,
      {"/proc/self/cgroup", "0::/user.slice\n"},
      {CG, V2(5)},
      {CG "/cgroup.controllers", "cpuset cpu io memory pids\n"},
      {0}},
     "unified: unified=" CG " | cpuset cpu io memory pids"},
    {"legacy, as systemd mounts it; the links say where co-mounted controllers are",
     {MACHINE,
      {"/proc/self/cgroup", "3:name=systemd:/x\n2:cpuacct,cpu:/\n1:memory:/\n"},
      {CG "/systemd", V1(5)},
      {CG "/cpu,cpuacct", V1(6)},
      {CG "/cpu", "@cpu,cpuacct"},
      {CG "/cpuacct", "@cpu,cpuacct"},
      {CG "/memory", V1(7)},
      {0}},
     "legacy: cpu=" CG "/cpu,cpuacct cpuacct=" CG "/cpu,cpuacct memory=" CG
     "/memory name=systemd=" CG "/systemd | cpu cpuacct memory"},
    {"hybrid, separate cpu and cpuacct, a controller on v2",
     {MACHINE,
      {"/proc/self/cgroup", "2:cpuacct:/\n1:cpu:/\n0::/\n"},
      {CG "/cpu", V1(6)},
      {CG "/cpuacct", V1(7)},
      {CG "/unified", V2(8)},
      {CG "/unified/cgroup.controllers", "hugetlb\n"},
      {0}},
     "hybrid: cpu=" CG "/cpu cpuacct=" CG "/cpuacct unified=" CG "/unified | cpu cpuacct hugetlb"},
    {"unified with one v1 controller beside",
     {MACHINE,
      {"/proc/self/cgroup", "1:net_cls:/\n0::/\n"},
      {CG, V2(5)},
      {CG "/cgroup.controllers", "memory\n"},
      {CG "/net_cls", V1(6)},
      {0}},
     "unified: net_cls=" CG "/net_cls unified=" CG " | net_cls memory"},
    {"co-mounted without links: mountinfo",
     {MACHINE,
      {"/proc/self/cgroup", "1:cpu,cpuacct:/\n"},
      {CG "/cpu,cpuacct", V1(6)},
      {"/proc/self/mountinfo",
       "33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:15 - cgroup cgroup rw,cpu,cpuacct\n"},
      {0}},
     "legacy: cpu=" CG "/cpu,cpuacct cpuacct=" CG "/cpu,cpuacct | cpu cpuacct"},
    {"moved mount points, with a blank",
     {MACHINE,
      {"/proc/self/cgroup", "1:memory:/\n0::/\n"},
      {"/cgroups/my memory", V1(6)},
      {"/v2", V2(7)},
      {"/v2/cgroup.controllers", "cpu\n"},
      {"/proc/self/mountinfo", "1 2 0:3 / /cgroups/my\\040memory rw - cgroup c rw,memory\n"
			       "1 2 0:4 / /v2 rw - cgroup2 c rw\n"},
      {0}},
     "hybrid: memory=/cgroups/my memory unified=/v2 | memory cpu"},
    {"docker in docker: the mount shows a part, though inode and name look usual",
     {MACHINE,
      {"/proc/self/cgroup", "1:memory:/docker/1\n"},
      {CG "/memory", "#27e0eb 6 77"},
      {"/proc/self/mountinfo",
       "1 2 0:3 /docker/1 /sys/fs/cgroup/memory ro master:1 - cgroup c rw,memory\n"},
      {0}},
     "legacy: memory=" CG "/memory[/docker/1] | memory"},
    {"a cgroup namespace of our own: the usual mount is the host's, and begins above us",
     {{"/proc/sys/kernel/osrelease", "6.1.0\n"},
      {"/proc/self/ns/cgroup", "@cgroup:[4026532999]"},
      {"/proc/self/cgroup", "0::/\n"},
      {CG, V2(5)},
      {"/mine", "#63677270 5 77"},
      {"/mine/cgroup.controllers", "pids\n"},
      {"/proc/self/mountinfo", "1 2 0:3 /../.. /sys/fs/cgroup rw - cgroup2 c rw\n"
			       "1 2 0:3 / /mine rw - cgroup2 c rw\n"},
      {0}},
     "unified: unified=/mine | pids"},
    {"a namespace whose only mount begins above us",
     {{"/proc/sys/kernel/osrelease", "6.1.0\n"},
      {"/proc/self/ns/cgroup", "@cgroup:[4026532999]"},
      {"/proc/self/cgroup", "0::/\n"},
      {CG, V2(5)},
      {"/proc/self/mountinfo", "1 2 0:3 /.. /sys/fs/cgroup rw - cgroup2 c rw\n"},
      {0}},
     "no cgroup hierarchy is mounted"},
    {"the whole of a hierarchy beats a part of it at the usual place",
     {MACHINE,
      {"/proc/self/cgroup", "0::/\n"},
      {CG, "#63677270 5 77"},
      {"/whole", V2(5)},
      {"/whole/cgroup.controllers", "cpu\n"},
      {"/proc/self/mountinfo", "1 2 0:3 / /whole rw - cgroup2 c rw\n"
			       "1 2 0:3 /sub /sys/fs/cgroup rw - cgroup2 c rw\n"},
      {0}},
     "unified: unified=/whole | cpu"},
    {"of two whole ones the usual place counts",
     {MACHINE,
      {"/proc/self/cgroup", "1:pids:/\n0::/\n"},
      {"/copy", V1(5)},
      {CG "/pids", V1(5)},
      {"/proc/self/mountinfo", "1 2 0:3 / /copy rw - cgroup c rw,pids\n"
			       "1 2 0:3 / /sys/fs/cgroup/pids rw - cgroup c rw,pids\n"},
      {0}},
     "legacy: pids=" CG "/pids | pids"},
    {"one controller mounted under another's name: the device number is seen twice",
     {MACHINE,
      {"/proc/self/cgroup", "2:memory:/\n1:pids:/\n"},
      {CG "/memory", V1(6)},
      {CG "/pids", V1(6)},
      {"/mem", V1(7)},
      {"/proc/self/mountinfo", "1 2 0:3 / /sys/fs/cgroup/memory rw - cgroup c rw,pids\n"
			       "1 2 0:3 / /sys/fs/cgroup/pids rw - cgroup c rw,pids\n"
			       "1 2 0:4 / /mem rw - cgroup c rw,memory\n"},
      {0}},
     "legacy: memory=/mem pids=" CG "/memory | memory pids"},
    {"a covered mount point is no mount",
     {MACHINE,
      {"/proc/self/cgroup", "1:pids:/\n0::/\n"},
      {CG "/pids", V1(6)},
      {"/proc/self/mountinfo", "1 2 0:3 / /sys/fs/cgroup rw - cgroup2 c rw\n"
			       "1 2 0:4 / /sys/fs/cgroup rw - tmpfs c rw\n"
			       "1 2 0:3 / /sys/fs/cgroup/pids rw - cgroup c rw,pids\n"},
      {0}},
     "legacy: pids=" CG "/pids | pids"},
    {"a v2 tree that is not mounted anywhere, and mountinfo is not there",
     {MACHINE, {"/proc/self/cgroup", "0::/\n"}, {CG "/", NULL}, {0}},
     "mountinfo to find the cgroup mounts: No such file"},
    {"nothing mounted",
     {MACHINE, {"/proc/self/cgroup", "0::/\n"}, {"/proc/self/mountinfo", ""}, {0}},
     "no cgroup hierarchy is mounted"},
    {"no cgroups in the kernel", {MACHINE, {0}}, "/proc/self/cgroup to find"},
};

static void test_layouts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(layouts); i++) {
		struct text out = {0};
		struct error e = {0};
		struct facts f;
		struct fake k;
		int r;

		fakehost_make(&k, layouts[i].entries);
		r = host_probe(&f, &k.arena,
			       &(struct host_wishes){.prefix = k.top, .look = fakehost_look}, &e);
		if (r == 0 && strcmp(show_layout(&f, &out), layouts[i].want) != 0)
			fail_msg("%s:\n got %s\nwant %s", layouts[i].what, out.s, layouts[i].want);
		if (r != 0 && (e.kind != ERROR_HOST || !strstr(e.text, layouts[i].want)))
			fail_msg("%s: message: %s", layouts[i].what, e.text);
		text_free(&out);
		fakehost_drop(&k);
	}
}

/* "PATH procs/children [type] [controllers] [subtree] in...;" */
static void show_cgroups(const struct facts *f, struct text *out)
{
	text_puts(out, "");
	for (size_t i = 0; i < f->n_cgroups; i++) {
		const struct facts_cgroup *c = &f->cgroups[i];

		text_printf(out, "%s %d/%d", c->path, (int)c->procs, (int)c->children);
		if (c->type)
			text_printf(out, " %s", c->type);
		if (c->controllers)
			text_printf(out, " [%s]", c->controllers);
		if (c->subtree_control)
			text_printf(out, " [%s]", c->subtree_control);
		for (size_t j = 0; j < c->n_in; j++)
			text_printf(out, " %s", c->in[j]);
		text_puts(out, ";");
	}
}

static const struct {
	const char *what;
	struct entry entries[MAX_ENTRIES];
	const char *want;
} groups[] = {
    {"v2: what is on the way, and the root; a missing end is not invented",
     {MACHINE,
      {"/proc/self/cgroup", "0::/\n"},
      {CG, V2(5)},
      {CG "/cgroup.procs", "1\n2\n"},
      {CG "/cgroup.controllers", "cpu memory\n"},
      {CG "/cgroup.subtree_control", "cpu\n"},
      {CG "/pod/cgroup.type", "domain\n"},
      {CG "/pod/cgroup.procs", "10\n11\n12\n"},
      {CG "/pod/cgroup.controllers", "cpu\n"},
      {CG "/pod/cgroup.subtree_control", "\n"},
      {CG "/pod/other/", NULL},
      {CG "/pod/another/", NULL},
      {CG "/podx/vm/", NULL},
      {0}},
     "/ 0/2 [cpu memory] [cpu];/pod 3/2 domain [cpu] [];"},
    {"hybrid: a group is in some hierarchies only, the largest numbers count",
     {MACHINE,
      {"/proc/self/cgroup", "2:cpuacct,cpu:/\n1:memory:/\n0::/\n"},
      {CG "/cpu,cpuacct", V1(5)},
      {CG "/cpu", "@cpu,cpuacct"},
      {CG "/cpuacct", "@cpu,cpuacct"},
      {CG "/cpu,cpuacct/pod/cgroup.procs", "1\n"},
      {CG "/cpu,cpuacct/pod/vm/cgroup.procs", "1\n2\n"},
      {CG "/memory", V1(6)},
      {CG "/memory/pod/cgroup.procs", ""},
      {CG "/memory/pod/a/", NULL},
      {CG "/unified", V2(7)},
      {CG "/unified/pod/cgroup.procs", ""},
      {CG "/unified/pod/vm/cgroup.procs", "1\n"},
      {0}},
     "/ 0/1;/pod 1/1;/pod/vm 2/0 cpu unified;"},
    {"below a mount that shows a part: nothing is seen above it",
     {MACHINE,
      {"/proc/self/cgroup", "1:memory:/pod/vm\n"},
      {CG "/memory", "#27e0eb 6 77"},
      {CG "/memory/x/cgroup.procs", "1\n"},
      {CG "/memory/pod/vm/x/cgroup.procs", "1\n2\n"}, /* is /pod/vm/pod/vm/x */
      {CG "/memory/cgroup.procs", "7\n8\n9\n"},
      {"/proc/self/mountinfo", "1 2 0:3 /pod/vm /sys/fs/cgroup/memory ro - cgroup c rw,memory\n"},
      {0}},
     "/pod/vm 3/2;/pod/vm/x 1/0;"},
};

static void test_cgroups(void **state)
{
	static const char *const targets[] = {"/pod/vm/x", "/pod/vm"};

	(void)state;
	for (size_t i = 0; i < COUNT(groups); i++) {
		struct host_wishes w = {.look = fakehost_look, .cgroups = targets, .n_cgroups = 2};
		struct text out = {0};
		struct error e = {0};
		struct facts f;
		struct fake k;

		fakehost_make(&k, groups[i].entries);
		w.prefix = k.top;
		if (host_probe(&f, &k.arena, &w, &e) != 0)
			fail_msg("%s: %s", groups[i].what, e.text);
		show_cgroups(&f, &out);
		if (strcmp(out.s, groups[i].want) != 0)
			fail_msg("%s:\n got %s\nwant %s", groups[i].what, out.s, groups[i].want);
		text_free(&out);
		fakehost_drop(&k);
	}
}

#define STAT(pid, comm, start) \
#pid " (" comm ") S 1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 " #start " 0\n"

static const struct entry container[] = {
    MACHINE,
    {"/run/systemd/system/", NULL},
    {"/sys/devices/system/node/online", "0-1\n"},
    {"/proc/self/cgroup", "0::/\n"},
    {CG, V2(5)},
    {CG "/cgroup.controllers", "cpu\n"},
    {CG "/ctr/cgroup.type", "domain\n"},
    {CG "/ctr/cgroup.procs", "42\n"},
    {"/dev/null", "@/dev/null"},
    {"/dev/plain", ""},
    {"/dev/dir/", NULL},
    /* 43 is a thread of 42; 50 is a zombie. */
    {"/proc/42/status", "Name:\tqemu\nTgid:\t42\n"},
    {"/proc/43/status", "Name:\tqemu\nTgid:\t42\n"},
    {"/proc/42/stat", STAT(42, "qemu ) (x", 777)},
    {"/proc/42/cgroup", "3:pids:/not-mounted\n0::/ctr\n"},
    {"/proc/42/fd/3", "@/dev/kvm"},
    {"/proc/42/fd/9", "@anon_inode:kvm-vm"},
    {"/proc/44/status", "Name:\tx\nTgid:\t44\n"},
    {"/proc/44/stat", STAT(44, "x", 5)},
    {"/proc/44/cgroup", "0::/../other\n"}, /* outside of our cgroup namespace */
    {"/proc/44/fd/3", "@anon_inode:kvm-vcpu:0"},
    {"/proc/44/fd/4", "@anon_inode:kvm-vm2"},
    {"/proc/50/status", "Name:\tx\nTgid:\t50\n"},
    {"/proc/50/cgroup", "0::/ctr\n"},
    {"/proc/50/stat", "50 (x) Z 1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 5 0\n"},
    {NULL, NULL},
};

static void test_processes(void **state)
{
	static const int64_t pids[] = {42, 43, 44};
	static const char *const devices[] = {"/dev/null", "/dev/plain", "/dev/dir", "/dev/none"};
	struct host_wishes w = {
	    .look = fakehost_look, .init_cgroups = true, .init = 43, .kvm = true};
	const struct facts_process *p;
	struct error e = {0};
	struct facts f;
	struct fake k;

	(void)state;
	fakehost_make(&k, container);
	w.prefix = k.top;
	w.pids = pids;
	w.n_pids = COUNT(pids);
	w.devices = devices;
	w.n_devices = COUNT(devices);
	if (host_probe(&f, &k.arena, &w, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(f.n_processes, 2);
	p = facts_process(&f, 42);
	assert_non_null(p);
	assert_true(p->init && p->kvm);
	assert_int_equal(p->start, 777);
	assert_string_equal(p->comm, "qemu ) (x");
	assert_int_equal(p->n_cgroups, 1);
	assert_string_equal(facts_process_path(p, "unified"), "/ctr");
	p = facts_process(&f, 44);
	assert_false(p->init || p->kvm);
	assert_null(facts_process_path(p, "unified"));
	assert_non_null(facts_cgroup(&f, "/ctr")); /* where init is */

	assert_true(facts_device(&f, "/dev/null")->present);
	assert_int_equal(facts_device(&f, "/dev/null")->type, 'c');
	assert_int_equal(facts_device(&f, "/dev/null")->major, 1);
	assert_int_equal(facts_device(&f, "/dev/null")->minor, 3);
	for (size_t i = 1; i < COUNT(devices); i++)
		assert_false(facts_device(&f, devices[i])->present);

	assert_string_equal(f.kernel, "6.1.0-test");
	assert_string_equal(f.cpus, "0-3");
	assert_string_equal(f.mems, "0-1");
	assert_int_equal(f.systemd, 1);
	assert_int_equal(f.euid, geteuid());
	assert_int_equal(f.rootless, geteuid() != 0);
	fakehost_drop(&k);
}

static void test_process_refused(void **state)
{
	static const struct {
		int64_t pid;
		enum error_kind kind;
		const char *word;
	} t[] = {
	    {-1, ERROR_INPUT, "process id -1: a process id is a positive number"},
	    {50, ERROR_HOST, "process 50 is gone"},
	    {51, ERROR_HOST, "process 51 is gone"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct host_wishes w = {.look = fakehost_look, .pids = &t[i].pid, .n_pids = 1};
		struct error e = {0};
		struct facts f;
		struct fake k;

		fakehost_make(&k, container);
		w.prefix = k.top;
		assert_int_equal(host_probe(&f, &k.arena, &w, &e), -1);
		if (e.kind != t[i].kind || !strstr(e.text, t[i].word))
			fail_msg("row %zu: %s", i, e.text);
		fakehost_drop(&k);
	}
}

/* More wishes into the same facts: nothing twice, nothing lost. */
static void test_extend(void **state)
{
	static const char *const path[] = {"/ctr"}, *const device[] = {"/dev/null"};
	struct host_wishes first = {.look = fakehost_look}, then;
	struct error e = {0};
	struct facts f;
	struct fake k;

	(void)state;
	fakehost_make(&k, container);
	first.prefix = k.top;
	assert_int_equal(host_probe(&f, &k.arena, &first, &e), 0);
	assert_int_equal(f.n_cgroups + f.n_devices + f.n_files, 0);
	then = first;
	then.cgroups = path;
	then.n_cgroups = 1;
	then.devices = device;
	then.n_devices = 1;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(host_extend(&f, &k.arena, &then, &e), 0);
		assert_int_equal(f.n_cgroups, 2);
		assert_int_equal(f.n_devices, 1);
		assert_int_equal(f.n_mounts, 1);
	}
	assert_int_equal(facts_cgroup(&f, "/ctr")->procs, 1);
	fakehost_drop(&k);
}

static void test_user_namespace(void **state)
{
	static const struct entry entries[] = {
	    {"/proc/sys/kernel/osrelease", "6.1\n"},
	    {"/proc/self/uid_map", "         0       1000          1\n"},
	    {"/proc/self/cgroup", "0::/user.slice/mine/scope\n"},
	    {CG, V2(5)},
	    /* All there, but somebody else's: a link into /proc/1 is root's. */
	    {CG "/user.slice/cgroup.procs", "@/proc/1/status"},
	    {CG "/user.slice/cgroup.subtree_control", ""},
	    {CG "/user.slice/mine/cgroup.procs", ""},
	    {CG "/user.slice/mine/cgroup.subtree_control", ""},
	    {NULL, NULL},
	};
	struct error e = {0};
	struct facts f;
	struct fake k;

	(void)state;
	fakehost_make(&k, entries);
	if (geteuid() == 0)
		assert_int_equal(chown(arena_printf(&k.arena, "%s" CG "/user.slice", k.top), 1, 1),
				 0);
	assert_int_equal(host_probe(&f, &k.arena,
				    &(struct host_wishes){.prefix = k.top, .look = fakehost_look},
				    &e),
			 0);
	assert_true(f.rootless);
	assert_non_null(f.delegated);
	assert_string_equal(f.delegated, "/user.slice/mine");
	assert_string_equal(f.mems, "0");
	assert_int_equal(f.systemd, 0);
	fakehost_drop(&k);
}

/* A group whose directory and files are the caller's. */
#define HANDED(path)                                  \
	{CG path "/cgroup.procs", ""},                \
	{                                             \
		CG path "/cgroup.subtree_control", "" \
	}
#define USERS "/user.slice/user-1000.slice/user@1000.service"

/* Which tree may the caller manage: the process's, else his own, else that of his systemd? */
static const struct {
	const char *what;
	unsigned is, outside;      /* what the caller's user namespace maps, of his own number: 0 */
	const char *own, *process; /* NULL: no process is asked about */
	const char *want;
} delegations[] = {
    {"the process is in a tree of its own", 0, 1000, "0::/a/x\n", "0::/b/x\n", "/b"},
    {"the process is where nothing is delegated", 0, 1000, "0::/a/x\n", "0::/x\n", "/a"},
    {"no process", 0, 1000, "0::/a/x\n", NULL, "/a"},
    {"a login beside the user's systemd", 0, 1000, "0::/x\n", "0::/x\n", USERS},
    {"out of what can be seen", 0, 1000, "0::/../a\n", NULL, USERS},
    {"another user's systemd", 0, 1001, "0::/x\n", "0::/x\n", NULL},
    {"a user without a number outside", 1, 1000, "0::/x\n", NULL, NULL},
};

static void test_delegated(void **state)
{
	static const int64_t pid = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(delegations); i++) {
		const char *process = delegations[i].process;
		char map[64];
		const struct entry entries[] = {
		    {"/proc/sys/kernel/osrelease", "6.1\n"},
		    {"/proc/self/uid_map", map},
		    {"/proc/self/cgroup", delegations[i].own},
		    {"/proc/42/status", "Name:\tqemu\nTgid:\t42\n"},
		    {"/proc/42/stat", STAT(42, "qemu", 777)},
		    {"/proc/42/cgroup", process ? process : "0::/\n"},
		    {CG, V2(5)},
		    HANDED("/a"),
		    HANDED("/b"),
		    HANDED(USERS),
		    {NULL, NULL},
		};
		struct host_wishes w = {.look = fakehost_look, .pids = &pid};
		struct error e = {0};
		struct facts f;
		struct fake k;

		snprintf(map, sizeof(map), "%u %u 1\n", geteuid() + delegations[i].is,
			 delegations[i].outside);
		fakehost_make(&k, entries);
		w.prefix = k.top;
		w.n_pids = process != NULL;
		if (host_probe(&f, &k.arena, &w, &e) != 0)
			fail_msg("%s: %s", delegations[i].what, e.text);
		if (!f.delegated != !delegations[i].want ||
		    (f.delegated && strcmp(f.delegated, delegations[i].want) != 0))
			fail_msg("%s: got %s, want %s", delegations[i].what,
				 f.delegated ? f.delegated : "none",
				 delegations[i].want ? delegations[i].want : "none");
		fakehost_drop(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_layouts),   cmocka_unit_test(test_cgroups),
	    cmocka_unit_test(test_processes), cmocka_unit_test(test_process_refused),
	    cmocka_unit_test(test_extend),    cmocka_unit_test(test_user_namespace),
	    cmocka_unit_test(test_delegated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

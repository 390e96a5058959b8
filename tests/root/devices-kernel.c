/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices-kernel - asks the kernel whether device rules mean what we say they mean
 *
 * usage: devices-kernel TEST CGROUP NODES
 *
 * CGROUP is an empty cgroup made for the test, in a v1 devices hierarchy or in a
 * v2 tree; NODES an empty directory on a filesystem that allows device nodes.
 * The device filter of the group is changed with the code of vmcg; a child goes
 * into the group and really opens and makes nodes. Exit 0: as expected; 1: not,
 * and a line says what.
 */
#include "tests/root/devices-probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the tests --- */

/* Every row of the decision table, one after the other in the same group. */
static void test_rows(const struct probe *t)
{
	bool *answers = probe_shared(DEVROW_REQUESTS);
	size_t asked = 0;

	for (size_t i = 0; i < devrows_n; i++) {
		const struct devrow *row = &devrows[i];
		struct devrow_request q[DEVROW_REQUESTS];
		struct device_policy p;
		struct arena a = {0};
		size_t n;

		if (!strcmp(row->state, "hole"))
			continue;
		p = probe_policy(row->rules, &a);
		n = devrows_requests(row, q);
		for (size_t j = 0; j < n; j++)
			probe_make_node(t, &q[j]);
		probe_filter(t, &p, false, &a);
		probe_ask(t, q, n, answers);
		for (size_t j = 0; j < n; j++)
			if (answers[j] != q[j].allowed ||
			    answers[j] !=
				devrules_decide(&p, q[j].type, q[j].major, q[j].minor, q[j].access))
				probe_fail("row %d: %s: %c%d:%d %s: the kernel says %s",
					   row->number, row->rules, q[j].type, (int)q[j].major,
					   (int)q[j].minor, devrules_access(q[j].access),
					   answers[j] ? "yes" : "no");
		asked += n;
		arena_free(&a);
	}
	printf("%zu requests\n", asked);
}

/* A child that never stops opening a node; the counts are live. */
struct opener {
	volatile unsigned long opened, denied;
	pid_t pid;
};

static struct opener *start_opener(const struct probe *t, const struct devrow_request *q)
{
	struct opener *o = probe_shared(sizeof(*o));
	pid_t pid;

	pid = probe_enter(t);
	while (!pid) {
		if (probe_access(t->nodes, q))
			o->opened++;
		else
			o->denied++;
	}
	o->pid = pid;
	while (!o->opened)
		usleep(100);
	return o;
}

/* Let the child get on with it: one opening at least. */
static void let_open(const struct opener *o)
{
	unsigned long before = o->opened + o->denied;

	for (int i = 0; i < 100000 && o->opened + o->denied < before + 2; i++)
		usleep(10);
}

/* The filter is changed 200 times around a device that all of them grant. */
static void test_replace(const struct probe *t)
{
	static const char *const turns[] = {
	    "+c 1:* rwm",
	    "+c 1:3 rw ; +c 1:5 r ; +c 10:232 rwm",
	    "+c 1:3 rw ; +c *:* m",
	    "+c 1:* r ; +c 1:3 w",
	};
	const struct devrow_request q = {'c', 1, 3, OCI_READ | OCI_WRITE, true};
	struct device_policy p;
	struct arena a = {0};
	struct opener *o;

	probe_make_node(t, &q);
	p = probe_policy(turns[0], &a);
	probe_filter(t, &p, false, &a);
	o = start_opener(t, &q);
	for (int i = 0; i < 200; i++) {
		p = probe_policy(turns[(i + 1) % 4], &a);
		probe_filter(t, &p, true, &a);
		let_open(o);
	}
	printf("%lu openings\n", o->opened);
	if (o->denied || o->opened < 200)
		probe_fail("%lu of %lu openings were denied", o->denied, o->denied + o->opened);
	p = probe_policy("+c 1:5 rw", &a);
	probe_filter(t, &p, true, &a);
	let_open(o);
	let_open(o);
	if (!o->denied)
		probe_fail("revoked, and still nothing is denied: this test sees nothing");
	kill(o->pid, SIGKILL);
	waitpid(o->pid, NULL, 0);
	arena_free(&a);
}

/* What stands already is not written, and not attached again. */
static void test_unchanged(const struct probe *t)
{
	struct device_policy p, same;
	struct arena a = {0};

	p = probe_policy("+c 1:* r ; +c 1:3 w ; +c 10:232 rw", &a);
	same = probe_policy("+c 10:232 rw ; +c 1:3 rw ; +c 1:* r", &a);
	probe_filter(t, &p, false, &a);
	if (t->v1 && probe_filter_v1(t, &same, true, &a))
		probe_fail("the list was written again");
	if (!t->v1 && probe_filter_v2(t, &p, &a) != probe_filter_v2(t, &same, &a))
		probe_fail("the program was attached again");
	arena_free(&a);
}

/* v1: a change of the default is refused before the kernel would, which is asked too. */
static void test_children(const struct probe *t)
{
	const struct devlist_group group = {.path = t->path, .has_children = true};
	struct devlist_write *w;
	struct devlist_state state;
	struct device_policy p;
	struct arena a = {0};
	struct error e;
	size_t n;
	int r;

	p = probe_policy("+c 1:3 rw", &a);
	probe_read_list(t, &state, &a);
	if (mkdirat(t->cgroup, "child", 0755))
		probe_fail("mkdir: %s", strerror(errno));
	if (devlist_transition(&w, &n, &state, &p, &group, &a, &e) != -1 || e.kind != ERROR_HOST)
		probe_fail("not refused");
	r = probe_put(t->cgroup, "devices.deny", "a");
	unlinkat(t->cgroup, "child", AT_REMOVEDIR);
	if (r != -EINVAL)
		probe_fail("the kernel takes a reset with children: %d", r);
	printf("%s\n", e.text);
	arena_free(&a);
}

/* v1: what the writes of devlist rely on, asked directly. */
static void test_lines(const struct probe *t)
{
	static const struct {
		const char *file, *text, *want; /* want: devices.list afterwards */
	} writes[] = {
	    {"devices.deny", "a", ""},
	    {"devices.allow", "c 1:3 r\nc 1:5 r", "c 1:3 r\n"}, /* the second line is lost */
	    {"devices.allow", "c 1:3 w", "c 1:3 rw\n"},
	    {"devices.deny", "c 1:* rwm", "c 1:3 rw\n"}, /* only the exact key is taken away */
	    {"devices.allow", "c 1:* r", "c 1:3 rw\nc 1:* r\n"},
	    {"devices.deny", "c 1:3 wm", "c 1:3 r\nc 1:* r\n"},
	    {"devices.allow", "a", "a *:* rwm\n"},
	    {"devices.deny", "c 1:3 w", "a *:* rwm\n"}, /* exceptions do not show */
	};

	for (size_t i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
		struct devlist_state got, want;
		struct arena a = {0};
		int r;

		r = probe_put(t->cgroup, writes[i].file, writes[i].text);
		if (r < 0)
			probe_fail("%s: \"%s\": %s", writes[i].file, writes[i].text, strerror(-r));
		probe_read_list(t, &got, &a);
		devlist_parse(&want, writes[i].want, "want", &a, NULL);
		if (got.allow != want.allow || got.n != want.n ||
		    !devrules_equal(&(struct device_policy){got.allow, got.entries, got.n},
				    &(struct device_policy){want.allow, want.entries, want.n}))
			probe_fail("after \"%s\" to %s the list is not as expected", writes[i].text,
				   writes[i].file);
		arena_free(&a);
	}
}

/* A kernel for others: its programs have another name, and may be attached alone. */
static long foreign_call(void *user, int command, union bpf_attr *attr, unsigned size)
{
	if (command == BPF_PROG_LOAD)
		memcpy(attr->prog_name, "foreign", sizeof("foreign"));
	if (command == BPF_PROG_ATTACH && user)
		attr->attach_flags = 0;
	return syscall(SYS_bpf, command, attr, size);
}

static int foreign_limit(void *user, const struct rlimit *set, struct rlimit *ret)
{
	(void)user;
	return prlimit(0, RLIMIT_MEMLOCK, set, ret);
}

/* Load a program as somebody else and attach it n times, alone or with others. */
static void attach_foreign(int cgroup, const char *rules, size_t n, bool alone)
{
	struct bpf_kernel k = {foreign_call, foreign_limit, alone ? &k : NULL};
	struct device_policy p;
	struct bpf_insn *insns;
	struct arena a = {0};
	struct error e;
	size_t size;

	p = probe_policy(rules, &a);
	if (devprog_build(&insns, &size, &p, &a, &e))
		probe_fail("nothing to attach");
	for (size_t i = 0; i < n; i++) {
		uint32_t id;
		int fd;

		if (bpf_load(&k, &fd, &id, insns, size, &e) || bpf_attach(&k, cgroup, fd, &e))
			probe_fail("%s", e.text);
		close(fd);
	}
	arena_free(&a);
}

/* Our program cannot be attached; the error says words, and all that was there still is. */
static void expect_refusal(int cgroup, const char *words)
{
	struct device_policy p;
	struct bpf_insn *insns;
	struct arena a = {0};
	struct error e = {0};
	uint32_t *ids, id;
	size_t n, before, after;

	p = probe_policy("+c 1:3 rw", &a);
	devprog_build(&insns, &n, &p, &a, NULL);
	if (bpf_list(NULL, &ids, &before, cgroup, &a, &e))
		probe_fail("%s", e.text);
	if (bpfset_install(NULL, &id, cgroup, insns, n, &a, &e) != -1)
		probe_fail("not refused");
	if (e.kind != ERROR_HOST || !strstr(e.text, words))
		probe_fail("\"%s\" lacks \"%s\"", e.text, words);
	if (bpf_list(NULL, &ids, &after, cgroup, &a, &e) || before != after)
		probe_fail("%zu programs were attached, %zu are left", before, after);
	printf("%s\n", e.text);
	arena_free(&a);
}

static void test_full(const struct probe *t)
{
	attach_foreign(t->cgroup, "+c 1:3 rw", BPF_MAX_ATTACHED, false);
	expect_refusal(t->cgroup, "64 already");
}

static void test_ancestor(const struct probe *t)
{
	int below;

	attach_foreign(t->cgroup, "+c 1:3 rw", 1, true);
	expect_refusal(t->cgroup, "without BPF_F_ALLOW_MULTI, and that allows no second one");
	if (mkdirat(t->cgroup, "below", 0755))
		probe_fail("mkdir: %s", strerror(errno));
	below = openat(t->cgroup, "below", O_PATH | O_DIRECTORY | O_CLOEXEC);
	expect_refusal(below, "an ancestor has");
	close(below);
	unlinkat(t->cgroup, "below", AT_REMOVEDIR);
}

/* A program of somebody else keeps denying, and survives ours. */
static void test_foreign(const struct probe *t)
{
	const struct devrow_request q[] = {{'c', 1, 3, OCI_READ, true},
					   {'c', 1, 5, OCI_READ, false}};
	bool *answers = probe_shared(sizeof(bool) * 2);
	struct device_policy p;
	struct arena a = {0};
	struct error e;
	uint32_t *ids;
	size_t n;

	probe_make_node(t, &q[0]);
	probe_make_node(t, &q[1]);
	attach_foreign(t->cgroup, "+c 1:3 rw", 1, false);
	p = probe_policy("+c 1:* rw", &a);
	probe_filter_v2(t, &p, &a);
	probe_ask(t, q, 2, answers);
	if (!answers[0] || answers[1])
		probe_fail("two programs: got %d %d", answers[0], answers[1]);
	p = probe_policy("+a", &a);
	probe_filter_v2(t, &p, &a);
	if (bpf_list(NULL, &ids, &n, t->cgroup, &a, &e) || n != 1)
		probe_fail("%zu programs are left", n);
	arena_free(&a);
}

/* Many entries: 500 load and the last one works; what is too much is said to be too much. */
static void test_many(const struct probe *t)
{
	const struct devrow_request q[] = {{'c', 1, 499, OCI_READ, true},
					   {'c', 1, 500, OCI_READ, false}};
	bool *answers = probe_shared(sizeof(bool) * 2);
	struct device_policy p = {0};
	struct bpf_insn *insns;
	struct arena a = {0};
	struct error e = {0};
	uint32_t id;
	size_t n;

	for (int i = 0; i < 500; i++)
		*ARENA_APPEND(&a, p.entries, p.n) =
		    (struct device_entry){'c', 1, i, OCI_READ, "test"};
	probe_make_node(t, &q[0]);
	probe_make_node(t, &q[1]);
	for (int allow = 0; allow < 2; allow++) {
		p.allow = allow;
		probe_filter_v2(t, &p, &a);
		probe_ask(t, q, 2, answers);
		if (answers[0] == allow || answers[1] != allow)
			probe_fail("the last of 500 entries does not work");
	}
	for (int i = 500; i < 8189; i++)
		*ARENA_APPEND(&a, p.entries, p.n) =
		    (struct device_entry){'c', 1, i, OCI_READ, "test"};
	if (devprog_build(&insns, &n, &p, &a, &e) ||
	    bpfset_install(NULL, &id, t->cgroup, insns, n, &a, &e) != -1)
		probe_fail("8189 entries: this kernel verifies more than devprog.h says");
	if (!strstr(e.text, "use wildcards"))
		probe_fail("%s", e.text);
	printf("%s\n", e.text);
	arena_free(&a);
}

static const struct {
	const char *name;
	void (*run)(const struct probe *t);
} tests[] = {
    {"rows", test_rows},         {"replace", test_replace}, {"unchanged", test_unchanged},
    {"children", test_children}, {"lines", test_lines},     {"full", test_full},
    {"ancestor", test_ancestor}, {"foreign", test_foreign}, {"many", test_many},
};

int main(int argc, char **argv)
{
	struct probe t;

	if (argc != 4)
		probe_fail("usage: devices-kernel TEST CGROUP NODES");
	t.path = argv[2];
	t.cgroup = open(argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
	t.nodes = open(argv[3], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (t.cgroup < 0 || t.nodes < 0)
		probe_fail("%s, %s: %s", argv[2], argv[3], strerror(errno));
	t.v1 = faccessat(t.cgroup, "devices.list", F_OK, 0) == 0;
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		if (strcmp(tests[i].name, argv[1]))
			continue;
		tests[i].run(&t);
		return 0;
	}
	probe_fail("no test is called %s", argv[1]);
}

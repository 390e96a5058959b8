/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices-probe - changes the device filter of a real cgroup, and asks the kernel what it allows
 */
#include "tests/root/devices-probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

void probe_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* One write(2), as the interface wants it. 0 or a negative errno. */
int probe_put(int dir, const char *file, const char *text)
{
	size_t n = strlen(text);
	int fd, r = 0;

	fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, n) != (ssize_t)n)
		r = -errno;
	close(fd);
	return r;
}

/* --- the filter, by either version --- */

void probe_read_list(const struct probe *t, struct devlist_state *ret, struct arena *a)
{
	static char text[1 << 16];
	struct error e;
	ssize_t n;
	int fd;

	fd = openat(t->cgroup, "devices.list", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		probe_fail("devices.list: %s", strerror(errno));
	close(fd);
	text[n] = '\0';
	if (devlist_parse(ret, text, "devices.list", a, &e))
		probe_fail("%s", e.text);
}

/* Bring the v1 list to the policy; the writes that took are counted. */
size_t probe_filter_v1(const struct probe *t, const struct device_policy *p, bool live,
		       struct arena *a)
{
	const struct devlist_group group = {.path = t->path, .live = live};
	struct devlist_write *w;
	struct devlist_state state;
	struct error e;
	size_t n;

	probe_read_list(t, &state, a);
	if (devlist_transition(&w, &n, &state, p, &group, a, &e))
		probe_fail("transition: %s", e.text);
	for (size_t i = 0; i < n; i++) {
		int r = probe_put(t->cgroup, w[i].file, w[i].text);

		if (r < 0)
			probe_fail("%s: \"%s\": %s", w[i].file, w[i].text, strerror(-r));
	}
	probe_read_list(t, &state, a);
	if (!devlist_matches(&state, p, a))
		probe_fail("devices.list does not match after %zu writes", n);
	return n;
}

/* Bring the program to the policy: one of ours, or none when all is open. */
uint32_t probe_filter_v2(const struct probe *t, const struct device_policy *p, struct arena *a)
{
	struct bpf_insn *insns;
	struct error e;
	uint32_t *ids, id = 0;
	size_t n, ours = 0;
	int r;

	r = devprog_build(&insns, &n, p, a, &e);
	if (r == DEVPROG_E_OPEN)
		r = bpfset_remove(NULL, t->cgroup, a, &e);
	else if (r == 0)
		r = bpfset_install(NULL, &id, t->cgroup, insns, n, a, &e);
	if (r || bpf_list(NULL, &ids, &n, t->cgroup, a, &e))
		probe_fail("%s", e.text);
	for (size_t i = 0; i < n; i++)
		ours += bpf_is_ours(NULL, ids[i]);
	if (ours != (id ? 1 : 0))
		probe_fail("%zu programs of ours are attached", ours);
	return id;
}

void probe_filter(const struct probe *t, const struct device_policy *p, bool live, struct arena *a)
{
	if (t->v1)
		probe_filter_v1(t, p, live, a);
	else
		probe_filter_v2(t, p, a);
}

struct device_policy probe_policy(const char *rules, struct arena *a)
{
	struct device_policy p;
	struct error e;

	if (devrows_fold(&p, rules, a, &e))
		probe_fail("%s", e.text);
	return p;
}

/* --- what the kernel says --- */

static const char *node_name(const struct devrow_request *q, char *buf, size_t size)
{
	snprintf(buf, size, "%c%d:%d", q->type, (int)q->major, (int)q->minor);
	return buf;
}

/* Is the access granted? Whatever fails otherwise (no driver, read-only) got past the filter. */
bool probe_access(int nodes, const struct devrow_request *q)
{
	const mode_t mode = (q->type == 'b' ? S_IFBLK : S_IFCHR) | 0600;
	char name[64];
	int fd, how;

	if (q->access == OCI_MKNOD) {
		if (mknodat(nodes, "new", mode, makedev((unsigned)q->major, (unsigned)q->minor)))
			return errno != EPERM;
		unlinkat(nodes, "new", 0);
		return true;
	}
	how = q->access == OCI_READ ? O_RDONLY : q->access == OCI_WRITE ? O_WRONLY : O_RDWR;
	fd = openat(nodes, node_name(q, name, sizeof(name)),
		    how | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno != EPERM;
	close(fd);
	return true;
}

/* Make the node, and see that nothing else denies it. */
void probe_make_node(const struct probe *t, const struct devrow_request *q)
{
	const mode_t mode = (q->type == 'b' ? S_IFBLK : S_IFCHR) | 0600;
	char name[64];

	if (mknodat(t->nodes, node_name(q, name, sizeof(name)), mode,
		    makedev((unsigned)q->major, (unsigned)q->minor)) &&
	    errno != EEXIST)
		probe_fail("mknod %s: %s", name, strerror(errno));
	if (!probe_access(t->nodes, q))
		probe_fail("%s is denied outside of the cgroup as well", name);
}

pid_t probe_enter(const struct probe *t)
{
	pid_t pid;
	int r;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		probe_fail("fork: %s", strerror(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody behind */
	r = probe_put(t->cgroup, "cgroup.procs", "0");
	if (r < 0)
		probe_fail("entering the cgroup: %s", strerror(-r));
	return 0;
}

static void reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		probe_fail("the child failed");
}

/* Ask all requests from inside; the answers come through shared memory. */
void probe_ask(const struct probe *t, const struct devrow_request *q, size_t n, bool *answers)
{
	pid_t pid;

	pid = probe_enter(t);
	if (!pid) {
		for (size_t i = 0; i < n; i++)
			answers[i] = probe_access(t->nodes, &q[i]);
		_exit(0);
	}
	reap(pid);
}

void *probe_shared(size_t size)
{
	void *p;

	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		probe_fail("mmap: %s", strerror(errno));
	return p;
}

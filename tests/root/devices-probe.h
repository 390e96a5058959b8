/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices-probe - changes the device filter of a real cgroup, and asks the kernel what it allows
 *
 * For test programs: whatever goes wrong is printed and ends the program with 1.
 */
#ifndef VMCG_TESTS_DEVICES_PROBE_H
#define VMCG_TESTS_DEVICES_PROBE_H

#include <sys/types.h>

#include "hook/bpfset.h"
#include "hook/devlist.h"
#include "hook/devprog.h"
#include "tests/unit/devrows.h"

struct probe {
	int cgroup; /* directory descriptors */
	int nodes;
	const char *path; /* of the cgroup */
	bool v1;
};

/* The test has failed: say why, and end. */
void probe_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Memory that is shared with children. */
void *probe_shared(size_t size);

/* One write(2), as cgroup files want it. 0 or a negative errno. */
int probe_put(int dir, const char *file, const char *text);

/* The policy of a list of rules in the short form of devrows.h. */
struct device_policy probe_policy(const char *rules, struct arena *a);

/* What devices.list says now. */
void probe_read_list(const struct probe *t, struct devlist_state *ret, struct arena *a);

/* Bring the v1 list to the policy and read it back; returns the number of writes. */
size_t probe_filter_v1(const struct probe *t, const struct device_policy *p, bool live,
		       struct arena *a);

/* Bring the v2 program to the policy; returns the id of the one of ours, 0 when all is open. */
uint32_t probe_filter_v2(const struct probe *t, const struct device_policy *p, struct arena *a);

/* Either of the two. */
void probe_filter(const struct probe *t, const struct device_policy *p, bool live, struct arena *a);

/* Make the node of a request, and see that outside of the cgroup nothing denies it. */
void probe_make_node(const struct probe *t, const struct devrow_request *q);

/* Open the node, or make another like it. Is the access granted? Whatever fails otherwise (no
 * driver, read-only) got past the filter. */
bool probe_access(int nodes, const struct devrow_request *q);

/* fork() with the child inside of the cgroup; it does not outlive the parent. */
pid_t probe_enter(const struct probe *t);

/* Ask all requests from inside; answers must be shared. */
void probe_ask(const struct probe *t, const struct devrow_request *q, size_t n, bool *answers);

#endif

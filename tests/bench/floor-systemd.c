/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor-systemd - the least that a scope costs: the bare calls over sd-bus
 *
 * Standard input says what to do, in one line:
 *   start UNIT PID                 StartTransientUnit with the properties below, JobRemoved
 *   stop UNIT PID CGROUP.PROCS     the process back to where it came from, StopUnit, JobRemoved
 * FLOOR_BUS=private takes systemd's private socket, anything else the system bus.
 * Linked with libsystemd, so nothing is loaded at run time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define MANAGER \
	"org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"

struct wait {
	char job[256], last[256];
	int done;
};

static int on_removed(sd_bus_message *m, void *data, sd_bus_error *e)
{
	struct wait *w = data;
	const char *job;

	(void)e;
	if (sd_bus_message_read(m, "uoss", NULL, &job, NULL, NULL) < 0)
		return 0;
	snprintf(w->last, sizeof(w->last), "%s", job);
	w->done |= w->job[0] && strcmp(job, w->job) == 0;
	return 0;
}

static int die(const char *what, int r)
{
	fprintf(stderr, "floor-systemd: %s: %s\n", what, strerror(-r));
	return 1;
}

static int await(sd_bus *bus, struct wait *w, sd_bus_message *reply)
{
	const char *job;
	int r;

	r = sd_bus_message_read(reply, "o", &job);
	if (r < 0)
		return r;
	snprintf(w->job, sizeof(w->job), "%s", job);
	w->done = strcmp(w->last, w->job) == 0;
	while (!w->done) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
		if (r < 0)
			return r;
	}
	return 0;
}

static int start(sd_bus *bus, struct wait *w, const char *unit, unsigned pid)
{
	static const char *const devices[] = {
	    "/dev/char/1:3",    "/dev/char/1:5", "/dev/char/1:7", "/dev/char/1:8",
	    "/dev/char/1:9",    "/dev/char/5:0", "/dev/char/5:2", "/dev/char/10:200",
	    "/dev/char/10:232", "char-136"};
	sd_bus_message *m = NULL, *reply = NULL;
	int r;

	r = sd_bus_message_new_method_call(bus, &m, MANAGER, "StartTransientUnit");
	if (r >= 0)
		r = sd_bus_message_append(m, "ss", unit, "replace");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sv)");
	if (r >= 0)
		r = sd_bus_message_append(
		    m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "Description", "s",
		    "floor", "Slice", "s", "system.slice", "DefaultDependencies", "b", 0,
		    "Delegate", "b", 1, "CollectMode", "s", "inactive-or-failed", "CPUAccounting",
		    "b", 1, "MemoryAccounting", "b", 1, "TasksAccounting", "b", 1, "PIDs", "au", 1,
		    pid, "MemoryMax", "t", (uint64_t)1073741824, "CPUWeight", "t", (uint64_t)174,
		    "TasksMax", "t", (uint64_t)512, "DevicePolicy", "s", "strict");
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)(sv)", "CPUQuotaPerSecUSec", "t",
					  (uint64_t)2000000, "AllowedCPUs", "ay", 1, 1);
	for (size_t i = 0; r >= 0 && i < sizeof(devices) / sizeof(*devices); i++)
		r = sd_bus_message_append(m, "(sv)", "DeviceAllow", "a(ss)", 1, devices[i], "rwm");
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_message_append(m, "a(sa(sv))", 0);
	if (r >= 0)
		r = sd_bus_call(bus, m, 0, NULL, &reply);
	if (r >= 0)
		r = await(bus, w, reply);
	sd_bus_message_unref(m);
	sd_bus_message_unref(reply);
	return r;
}

static int stop(sd_bus *bus, struct wait *w, const char *unit, unsigned pid, const char *procs)
{
	sd_bus_message *reply = NULL;
	sd_bus_error e = SD_BUS_ERROR_NULL;
	int fd = open(procs, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0 || dprintf(fd, "%u", pid) < 0)
		return -1;
	close(fd);
	r = sd_bus_call_method(bus, MANAGER, "StopUnit", &e, &reply, "ss", unit, "replace");
	/* An empty scope goes by itself. */
	if (r < 0 && sd_bus_error_has_name(&e, "org.freedesktop.systemd1.NoSuchUnit"))
		r = 0;
	else if (r >= 0)
		r = await(bus, w, reply);
	sd_bus_error_free(&e);
	sd_bus_message_unref(reply);
	return r;
}

int main(void)
{
	const char *which = getenv("FLOOR_BUS");
	char verb[8], unit[256], procs[1024] = "";
	struct wait w = {0};
	sd_bus *bus = NULL;
	unsigned pid;
	int r;

	if (scanf("%7s %255s %u %1023s", verb, unit, &pid, procs) < 3)
		return 2;
	if (which && strcmp(which, "private") == 0) {
		r = sd_bus_new(&bus);
		if (r >= 0)
			r = sd_bus_set_address(bus, "unix:path=/run/systemd/private");
		if (r >= 0)
			r = sd_bus_start(bus);
	} else {
		r = sd_bus_open_system(&bus);
	}
	if (r < 0)
		return die("connect", r);
	r = sd_bus_add_match(bus, NULL,
			     "type='signal',interface='org.freedesktop.systemd1.Manager',"
			     "member='JobRemoved'",
			     on_removed, &w);
	if (r >= 0)
		r = strcmp(verb, "start") == 0 ? start(bus, &w, unit, pid)
					       : stop(bus, &w, unit, pid, procs);
	if (r < 0)
		return die(verb, r);
	sd_bus_close(bus);
	return 0;
}

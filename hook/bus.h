/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus - systemd for this run: connected when it is needed, and the sandbox closed behind it
 *
 * Until it is known who manages the cgroup the sandbox still lets libsystemd be
 * loaded. Each stage says which it is, once, before it touches anything: bus_connect
 * or bus_unneeded.
 */
#ifndef VMCG_HOOK_BUS_H
#define VMCG_HOOK_BUS_H

#include "hook/context.h"
#include "hook/store.h"
#include "hook/systemd.h"

/* Which sandbox a command of this kind (SANDBOX_LOOK, SANDBOX_WORK) starts in: where systemd runs
 * and may be the manager, the one that can still load its library. */
enum sandbox bus_sandbox(const struct options *o, enum sandbox kind);

/* The connection, made by the first call. Nothing can be loaded from then on. ERROR_HOST. */
int bus_connect(struct systemd **ret, struct context *c, struct error *e);

/* No systemd in this run: nothing can be loaded or connected to from now on. ERROR_HOST. */
int bus_unneeded(struct context *c, struct error *e);

/*
 * Replace the "runs, but which version?" of host facts by the version. systemd is
 * asked once a boot: the answer is kept beside the records. store: NULL or open,
 * with the lock of an id. ERROR_HOST.
 */
int bus_version(uint64_t *version, struct context *c, const struct store *store, struct error *e);

/* Closes the connection, if there is one. */
void bus_close(struct context *c);

#endif

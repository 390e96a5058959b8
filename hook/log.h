/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - what happened, one line each
 *
 * To standard error, or a file; warnings and errors go to syslog as well,
 * because most runtimes throw a hook's standard error away. This is the only
 * module with state of its own: where lines go, and which container they are
 * about.
 */
#ifndef VMCG_HOOK_LOG_H
#define VMCG_HOOK_LOG_H

#include <stdbool.h>

#include "oci/error.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

struct log_options {
	const char *file;    /* NULL: standard error */
	const char *command; /* "createRuntime"; part of every line */
	bool json;           /* one JSON object a line */
	bool debug;
	bool syslog; /* warnings and errors also to /dev/log */
};

/* Open the file (append, 0600). ERROR_USAGE when it cannot be opened. */
int log_open(const struct log_options *o, struct error *e);

/* The container that following lines are about; borrowed, NULL: none. */
void log_about(const char *id);

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif

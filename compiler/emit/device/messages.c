/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Code that runs on devices, linked into kernels whose format has no calls out of them: messages to the target (messages.h).
 * Compiled to bitcode when the project is built; plain C without a library, so that any of LLVM's targets can take it.
 */
#include "cutrans/messages.h"

typedef struct Place {
  char *at;      /* null: the record does not fit */
  uint32_t size; /* of the whole record */
} Place;

static uint32_t padded(uint32_t bytes) { return (bytes + 7) & ~7u; }

static uint32_t lengthOf(const char *text, uint32_t most) {
  uint32_t length = 0;
  while (length < most && text[length]) ++length;
  return length;
}

static char *put(char *to, const char *from, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; ++i) to[i] = from[i];
  return to + bytes;
}

static char *putText(char *to, const char *from, uint32_t length) {
  to = put(to, from, length);
  *to = 0;
  return to + 1;
}

static Place reserve(ct_messages *messages, uint32_t size) {
  Place place = {0, size};
  if (!messages) return place;
  /* Once full it stays so: the count must not run over. */
  if (__atomic_load_n(&messages->written, __ATOMIC_RELAXED) > messages->bytes) return place;
  uint32_t begin = __atomic_fetch_add(&messages->written, size, __ATOMIC_RELAXED);
  if (begin > messages->bytes) return place;
  if (size > messages->bytes - begin) {
    /* Readers go from record to record: here is the last. */
    if (messages->bytes - begin >= sizeof(ct_message)) ((ct_message *)((char *)(messages + 1) + begin))->kind = CT_MESSAGE_NONE;
    return place;
  }
  place.at = (char *)(messages + 1) + begin;
  return place;
}

static void fillHead(ct_message *head, uint32_t size, uint32_t x, uint32_t y, uint32_t z, uint32_t thread) {
  head->size = size;
  head->block[0] = x;
  head->block[1] = y;
  head->block[2] = z;
  head->thread = thread;
}

static void publish(ct_message *head, uint32_t kind) { __atomic_store_n(&head->kind, kind, __ATOMIC_RELEASE); }

#define MOST_ARGUMENTS 32u
#define MOST_TEXT (1u << 16)

typedef struct Arguments {
  const char *at;
  uint32_t bytes, count, text_bytes;
  char *texts; /* where the texts of %s go; null: only counted */
} Arguments;

static const char *next(Arguments *args, uint32_t size) {
  args->bytes = (args->bytes + size - 1) / size * size;
  const char *value = args->at + args->bytes;
  args->bytes += size;
  ++args->count;
  return value;
}

/* Sets of characters are words of bits: a constant table would be a variable, which not every format has. */
static int isIn(char c, uint64_t below64, uint64_t from64) {
  uint32_t code = (unsigned char)c;
  if (code >= 128) return 0;
  return (int)((code < 64 ? below64 >> code : from64 >> (code - 64)) & 1);
}
#define BIT(c) (1ull << ((c) & 63))
#define FLAGS (BIT('#') | BIT('0') | BIT('+') | BIT('-') | BIT(' '))
#define LONGS (BIT('l') | BIT('j') | BIT('z') | BIT('t'))
#define NARROWS (BIT('d') | BIT('i') | BIT('o') | BIT('u') | BIT('x') | BIT('X') | BIT('c'))
#define WIDES (BIT('s') | BIT('p') | BIT('f') | BIT('F') | BIT('e') | BIT('E') | BIT('g') | BIT('G') | BIT('a') | BIT('A'))

/* The rules of CUDA's printf, as targets/common/printf_format.cpp has them. */
static void walk(const char *format, Arguments *args) {
  while (*format && args->count < MOST_ARGUMENTS) {
    if (*format++ != '%') continue;
    if (*format == '%') {
      ++format;
      continue;
    }
    while (isIn(*format, FLAGS, 0)) ++format;
    if (*format == '*') next(args, 4), ++format;
    while (*format >= '0' && *format <= '9') ++format;
    uint32_t precision = MOST_TEXT;
    if (*format == '.') {
      ++format;
      precision = 0;
      if (*format == '*') {
        int32_t given = *(const int32_t *)next(args, 4);
        precision = given < 0 ? MOST_TEXT : (uint32_t)given;
        ++format;
      }
      while (*format >= '0' && *format <= '9') {
        precision = precision * 10 + (uint32_t)(*format++ - '0');
        if (precision > MOST_TEXT) precision = MOST_TEXT;
      }
    }
    uint32_t size = 4;
    while (*format == 'h') ++format;
    while (isIn(*format, 0, LONGS)) size = 8, ++format;
    if (!isIn(*format, 0, NARROWS | WIDES)) continue;
    char type = *format++;
    if (type == 'c') size = 4;
    if (isIn(type, 0, WIDES)) size = 8;
    const char *value = next(args, size);
    if (type != 's') continue;
    const char *text = *(const char *const *)value;
    const uint64_t nothing = 0x296c6c756e28; /* "(null)" */
    if (!text) text = (const char *)&nothing;
    uint32_t length = lengthOf(text, precision < MOST_TEXT ? precision : MOST_TEXT);
    if (args->texts) args->texts = putText(args->texts, text, length);
    args->text_bytes += length + 1;
  }
}

/* One thread's printf: what ct_native_services.vprintf returns. */
int32_t cutrans_device_vprintf(ct_messages *messages, uint32_t x, uint32_t y, uint32_t z, uint32_t thread, const char *format, const void *values) {
  if (!format) return -1;
  Arguments args = {values, 0, 0, 0, 0};
  walk(format, &args);
  uint32_t format_bytes = lengthOf(format, MOST_TEXT) + 1, argument_bytes = args.bytes;
  uint32_t size = (uint32_t)sizeof(ct_message_printf) + padded(format_bytes) + padded(argument_bytes) + padded(args.text_bytes);
  Place place = reserve(messages, size);
  if (!place.at) return (int32_t)args.count;
  ct_message_printf *record = (ct_message_printf *)place.at;
  fillHead(&record->head, size, x, y, z, thread);
  record->format_bytes = format_bytes;
  record->argument_bytes = argument_bytes;
  char *to = (char *)(record + 1);
  putText(to, format, format_bytes - 1);
  to += padded(format_bytes);
  put(to, values, argument_bytes);
  Arguments again = {values, 0, 0, 0, to + padded(argument_bytes)};
  walk(format, &again);
  publish(&record->head, CT_MESSAGE_PRINTF);
  return (int32_t)args.count;
}

static void end(ct_messages *messages) {
  if (messages) __atomic_store_n(&messages->ended, 1u, __ATOMIC_RELEASE);
}

/* A device assertion. The kernel ends behind it. */
void cutrans_device_assert(ct_messages *messages, uint32_t x, uint32_t y, uint32_t z, uint32_t thread, const char *message, const char *file, uint32_t line,
                           const char *function) {
  uint32_t lengths[3] = {message ? lengthOf(message, MOST_TEXT) : 0, file ? lengthOf(file, MOST_TEXT) : 0, function ? lengthOf(function, MOST_TEXT) : 0};
  uint32_t size = (uint32_t)sizeof(ct_message_assert) + padded(lengths[0] + lengths[1] + lengths[2] + 3);
  Place place = reserve(messages, size);
  if (place.at) {
    ct_message_assert *record = (ct_message_assert *)place.at;
    fillHead(&record->head, size, x, y, z, thread);
    record->line = line;
    record->reserved = 0;
    char *to = putText((char *)(record + 1), message, lengths[0]);
    to = putText(to, file, lengths[1]);
    putText(to, function, lengths[2]);
    publish(&record->head, CT_MESSAGE_ASSERT);
  }
  end(messages);
}

/* `trap`, or a refusal found at run time. The kernel ends behind it. */
void cutrans_device_trap(ct_messages *messages, uint32_t x, uint32_t y, uint32_t z, uint32_t thread, uint32_t code) {
  Place place = reserve(messages, sizeof(ct_message_trap));
  if (place.at) {
    ct_message_trap *record = (ct_message_trap *)place.at;
    fillHead(&record->head, sizeof(ct_message_trap), x, y, z, thread);
    record->code = code;
    record->reserved = 0;
    publish(&record->head, CT_MESSAGE_TRAP);
  }
  end(messages);
}

/*-------------------------------------------------------------------------
 *
 * bench_read.c
 *		How fast readers turn a file into cells.
 *
 * Usage: bench_read FILE [csv|json|jsonl|xlsx|xml] [rounds]
 *
 * Prints rows, cells, a checksum over all cells (so that no work can be left
 * out), the best time of the rounds (the process's own, not the clock's) and the
 * most memory that was used.  The checksum looks at the first byte
 * and the length of each cell.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "format/reader.h"

typedef struct FileSource
{
	NvpSource	base;
	int			fd;
} FileSource;

static int64
file_read(NvpSource *source, char *buf, int64 size)
{
	ssize_t		n = read(((FileSource *) source)->fd, buf, size);

	if (n < 0)
		source->error = strerror(errno);
	else
		source->read_bytes += n;
	return n;
}

static int64
file_read_at(NvpSource *source, char *buf, int64 size, int64 offset)
{
	ssize_t		n = pread(((FileSource *) source)->fd, buf, size, offset);

	if (n < 0)
		source->error = strerror(errno);
	return n;
}

static bool
file_rewind(NvpSource *source)
{
	source->read_bytes = 0;
	return lseek(((FileSource *) source)->fd, 0, SEEK_SET) == 0;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static uint64
sum_batch(const NvpBatch *batch)
{
	uint64		sum = 0;

	for (int col = 0; col < batch->ncols; col++)
	{
		const NvpCell *cell = nvp_batch_column(batch, col);

		for (int row = 0; row < batch->nrows; row++)
			sum += cell[row].len + (cell[row].len ? (unsigned char) cell[row].ptr[0] : 0);
	}
	return sum;
}

int
main(int argc, char **argv)
{
	NvpFormat	format;
	double		best = 1e9;
	uint64		rows = 0;
	uint64		sum = 0;
	int			ncols = 0;
	struct rusage usage;
	int			rounds = argc > 3 ? atoi(argv[3]) : 5;
	FileSource	source = {.base = {.read = file_read, .rewind = file_rewind, .read_at = file_read_at}};

	if (argc < 2)
		return 2;
	nvp_format_defaults(&format);
	if (argc > 2 && strcmp(argv[2], "json") == 0)
		format.kind = NVP_FORMAT_JSON;
	if (argc > 2 && strcmp(argv[2], "jsonl") == 0)
		format.kind = NVP_FORMAT_JSONL;
	if (argc > 2 && strcmp(argv[2], "xml") == 0)
		format.kind = NVP_FORMAT_XML;
	if (argc > 2 && strcmp(argv[2], "xlsx") == 0)
		format.kind = NVP_FORMAT_XLSX;
	source.fd = open(argv[1], O_RDONLY);
	source.base.total_bytes = lseek(source.fd, 0, SEEK_END);
	for (int round = 0; round < rounds; round++)
	{
		double		begin = now();
		NvpReader  *reader;
		NvpBatch   *batch;
		NvpReadStatus status;

		sum = 0;
		file_rewind(&source.base);
		reader = nvp_reader_open(&source.base, &format);
		batch = nvp_batch_create(reader->ncols);
		while ((status = nvp_reader_next(reader, batch)) == NVP_READ_OK)
			sum += sum_batch(batch);
		if (status == NVP_READ_BAD)
			printf("error: %s\n", reader->error.message);
		rows = reader->rows;
		ncols = reader->ncols;
		nvp_batch_free(batch);
		nvp_reader_close(reader);
		best = Min(best, now() - begin);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("rows %llu columns %d sum %llu: %.4f s, %ld MB\n", (unsigned long long) rows, ncols,
		   (unsigned long long) sum, best, usage.ru_maxrss / 1024);
	return 0;
}

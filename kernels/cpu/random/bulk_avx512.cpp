#define CUCURBIT_INSTRUCTION_SET avx512
#define CUCURBIT_LANE_BYTES 64
#include "kernels/cpu/random/bulk.inl"

const cucurbit::BulkDraw cucurbit::bulk_avx512 = {"avx512", avx512::draw_rows,
                                                  avx512::draw_interleaved};

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Storage;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Weights in Q8_0, read where they lie: in memory, or in a mapped file. The rows that are multiplied with them are brought to 8 bits too,
/// in the same blocks of 32, so that the products are whole numbers; each block's sum is scaled once.
/// </summary>
public sealed class QuantizedMatrix(Q8Matrix values) : WeightMatrix<float>(values.Rows, values.Columns)
{
    /// <inheritdoc/>
    public override long Bytes => (long)values.RowBytes * Outputs;

    private protected override unsafe void Run(in Tensor<float> x, in Tensor<float> bias, in Tensor<float> y, bool accumulate)
    {
        int rows = x.Shape[0], blocks = Inputs / Q8Block.Size;
        sbyte* quantized = (sbyte*)Scratch.Get<float>(Scratch.Slot.QuantizedRows, (long)rows * blocks * (Q8Block.Size / sizeof(float) + 1));
        float* scales = (float*)(quantized + (long)rows * Inputs);
        var rounding = new RoundingKernel { X = x.RequireContiguous(), Quantized = quantized, Scales = scales, Blocks = blocks };
        Workers.Run<float, RoundingKernel>(ref rounding, rows, Chunks.Rows(Inputs));
        var kernel = new ProductKernel
        {
            X = quantized,
            Scales = scales,
            W = values.Pointer,
            RowBytes = values.RowBytes,
            Bias = bias.IsEmpty ? null : bias.RequireContiguous(),
            Y = y.RequireContiguous(),
            Blocks = blocks,
            Columns = Outputs,
            Accumulate = accumulate,
            Partition = new ProductPartition(rows, Outputs, Inputs, DotTile.Columns),
        };
        Workers.Run<float, ProductKernel>(ref kernel, kernel.Partition.Tasks, grain: 1);
    }

    private protected override void Read(int row, Span<float> destination) => Q8Block.Dequantize(values.Row(row), destination);

    /// <summary>Rows to 8 bits: each block's scale is its largest magnitude over 127, kept as a float.</summary>
    private unsafe struct RoundingKernel : IRangeKernel<float>
    {
        public float* X;
        public sbyte* Quantized;
        public float* Scales;
        public int Blocks;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, float>
        {
            for (long block = (long)start * Blocks; block < (long)end * Blocks; block++)
            {
                Vector256<float>* x = (Vector256<float>*)(X + block * Q8Block.Size);
                Vector256<float> a = x[0], b = x[1], c = x[2], d = x[3];
                Vector256<float> most = Vector256.Max(
                    Vector256.Max(Vector256.Abs(a), Vector256.Abs(b)), Vector256.Max(Vector256.Abs(c), Vector256.Abs(d)));
                float largest = Simd256<float>.MaxAcross(new(most));
                Scales[block] = largest / 127;
                Vector256<float> inverse = Vector256.Create(largest > 0 ? 127 / largest : 0);
                Vector256<short> low = Vector256.Narrow(ToWhole(a * inverse), ToWhole(b * inverse));
                Vector256<short> high = Vector256.Narrow(ToWhole(c * inverse), ToWhole(d * inverse));
                Vector256.Narrow(low, high).Store(Quantized + block * Q8Block.Size);
            }
        }

        private static Vector256<int> ToWhole(Vector256<float> x) => Vector256.ConvertToInt32(Vector256.Round(x));
    }

    private unsafe struct ProductKernel : IRangeKernel<float>
    {
        private const int BytesAhead = 2048;

        public sbyte* X;
        public float* Scales;
        public byte* W;
        public float* Bias, Y;
        public int Blocks, Columns, RowBytes;
        public bool Accumulate;
        public ProductPartition Partition;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, float>
        {
            float* sums = stackalloc float[DotTile.Columns];
            for (int task = start; task < end; task++)
            {
                (int row, int rows, int column, int columns) = Partition.Task(task);
                float* y = Y + (long)row * Columns + column;
                Begin<V>(y, Columns, rows, columns, Bias is null ? null : Bias + column, Accumulate);
                sbyte* x = X + (long)row * Blocks * Q8Block.Size;
                float* scales = Scales + (long)row * Blocks;
                byte* w = W + (long)column * RowBytes;
                int i = 0;
                for (; i <= columns - DotTile.Columns; i += DotTile.Columns)
                {
                    for (int r = 0; r < rows; r++)
                    {
                        Products(x + (long)r * Blocks * Q8Block.Size, scales + (long)r * Blocks, w + (long)i * RowBytes, RowBytes, Blocks,
                            y + (long)r * Columns + i);
                    }
                }

                for (; i < columns; i++)
                {
                    for (int r = 0; r < rows; r++)
                    {
                        sums[0] = y[(long)r * Columns + i];
                        Products(x + (long)r * Blocks * Q8Block.Size, scales + (long)r * Blocks, w + (long)i * RowBytes, 0, Blocks, sums);
                        y[(long)r * Columns + i] = sums[0];
                    }
                }
            }
        }

        /// <summary>
        /// Adds the products of one row with four rows of weights to four numbers. The weights are read in the order in which they lie:
        /// memory delivers a single stream faster than four that alternate.
        /// </summary>
        private static void Products(sbyte* x, float* scales, byte* w, nint rowBytes, int blocks, float* y)
        {
            Vector256<float> sum0 = Product(x, scales, w, blocks);
            Vector256<float> sum1 = Product(x, scales, w + rowBytes, blocks);
            Vector256<float> sum2 = Product(x, scales, w + 2 * rowBytes, blocks);
            Vector256<float> sum3 = Product(x, scales, w + 3 * rowBytes, blocks);
            Simd256<float>.AddSums(new(sum0), new(sum1), new(sum2), new(sum3), y);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<float> Product(sbyte* x, float* scales, byte* w, int blocks)
        {
            Vector256<float> sum = default;
            for (int block = 0; block < blocks; block++, x += Q8Block.Size, w += Q8Block.Bytes)
            {
                if (Sse.IsSupported)
                {
                    // The processor itself looks some twenty blocks ahead, which is less than memory takes to answer.
                    Sse.Prefetch0(w + BytesAhead);
                }

                sum = AddBlock(Vector256.Load(x), scales[block], w, sum);
            }

            return sum;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<float> AddBlock(Vector256<sbyte> x, float scale, byte* block, Vector256<float> sum)
        {
            Vector256<sbyte> w = Vector256.Load((sbyte*)block + 2);
            Vector256<float> whole = Vector256.ConvertToSingle(SimdBytes.SumsOfFour(x, w));
            return Vector256.MultiplyAddEstimate(whole, Vector256.Create(scale * Scale(block)), sum);
        }

        /// <summary>
        /// A block's scale, a half: its bits, moved to where a float has them, are the number times 2⁻¹¹². (The platform's conversion,
        /// which also knows infinities, would take longer than the products.)
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static float Scale(byte* block) =>
            BitConverter.Int32BitsToSingle((*(short*)block << 13) & unchecked((int)0x8FFFFFFF)) * 5.192296858534828e33f;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// 32 rows of weights in Q8_0, laid out to be multiplied. A block of all rows has their scales, as floats, side by side; then the first four
/// bytes of each row, then the next four of each, and so on. So a step multiplies four elements of X with those of all rows, what is done
/// once a block (converting, scaling, adding) is done for eight rows at a time, and no vector straddles two cache lines.
/// </summary>
// A scale that stayed a half would save two of 36 bytes. But small ones are below the smallest normal half, as in a projection that was drawn
// at random and never trained, and converting those went through floats that are not normal either: it took as long as all the rest.
internal static unsafe class QuantizedPanel
{
    /// <summary>Rows of weights in a panel.</summary>
    public const int Columns = 32;

    /// <summary>The bytes of a row's block: its scale and its 32 whole numbers.</summary>
    public const int BytesOfBlock = sizeof(float) + Q8Block.Size;

    /// <summary>The bytes of a block of all rows.</summary>
    public const int BlockBytes = Columns * BytesOfBlock;

    private const int BytesOfStep = 4;
    private const int StepBytes = Columns * BytesOfStep;

    /// <summary>Copies up to 32 rows into a panel; rows that are missing are zero.</summary>
    /// <param name="source">The first row's blocks; the next row's lie right behind them.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="blocks">The blocks of a row.</param>
    /// <param name="panel">Where the panel is to be.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(byte* source, int rows, int blocks, byte* panel)
    {
        if (rows < Columns)
            new Span<byte>(panel, blocks * BlockBytes).Clear();

        for (int row = 0; row < rows; row++)
        {
            byte* to = panel;
            for (int block = 0; block < blocks; block++, source += Q8Block.Bytes, to += BlockBytes)
            {
                ((float*)to)[row] = (float)*(Half*)source;
                int* from = (int*)(source + sizeof(Half)), step = (int*)to + row;
                for (int i = 0; i < Q8Block.Size / BytesOfStep; i++)
                {
                    step += Columns;
                    *step = from[i];
                }
            }
        }
    }

    /// <summary>Gives a row of a panel back.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="row">Which of its rows.</param>
    /// <param name="destination">As long as a row.</param>
    public static void Read(byte* panel, int row, Span<float> destination)
    {
        for (; destination.Length > 0; destination = destination[Q8Block.Size..], panel += BlockBytes)
        {
            float scale = ((float*)panel)[row];
            sbyte* bytes = (sbyte*)panel + StepBytes + row * BytesOfStep;
            for (int i = 0; i < Q8Block.Size; i++)
                destination[i] = scale * bytes[i / BytesOfStep * StepBytes + i % BytesOfStep];
        }
    }

    /// <summary>y = bias + x · panel, or y += bias + x · panel, of one row x.</summary>
    /// <remarks>
    /// A block's sum is a whole number, scaled and added to one accumulator for each result. Reading the panel for two rows at once, or in
    /// vectors of 512 bits, made prompts faster by 3 and 7 %, and a single row, which waits for memory, not at all.
    /// </remarks>
    /// <param name="x">The row's blocks.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="blocks">The number of blocks.</param>
    /// <param name="bias">Where the sums start; null for zeros.</param>
    /// <param name="y">32 results.</param>
    /// <param name="accumulate">Whether y is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // as PanelTile's loops, and for the same reason
    public static void Multiply(RoundedBlock* x, byte* panel, int blocks, float* bias, float* y, bool accumulate)
    {
        Vector256<float> sum0 = Start(bias, 0), sum1 = Start(bias, 1), sum2 = Start(bias, 2), sum3 = Start(bias, 3);
        for (RoundedBlock* end = x + blocks; x < end; x++)
        {
            float* scales = (float*)panel;
            Vector256<int> whole0 = Vector256.Create(x->SumOfNegative), whole1 = whole0, whole2 = whole0, whole3 = whole0;
            int* magnitude = (int*)x->Magnitudes, sign = (int*)x->Signs;
            panel += StepBytes;
            for (int* last = sign; magnitude < last; magnitude++, sign++, panel += StepBytes)
            {
                sbyte* w = (sbyte*)panel;
                Vector256<byte> magnitudes = Vector256.Create(*magnitude).AsByte();
                Vector256<sbyte> signs = Vector256.Create(*sign).AsSByte();
                whole0 = SimdBytes.AddProductsOfFour(whole0, magnitudes, Vector256.Load(w) ^ signs);
                whole1 = SimdBytes.AddProductsOfFour(whole1, magnitudes, Vector256.Load(w + 32) ^ signs);
                whole2 = SimdBytes.AddProductsOfFour(whole2, magnitudes, Vector256.Load(w + 64) ^ signs);
                whole3 = SimdBytes.AddProductsOfFour(whole3, magnitudes, Vector256.Load(w + 96) ^ signs);
            }

            Vector256<float> scale = Vector256.Create(x->Scale);
            sum0 = AddScaled(whole0, scale * Vector256.Load(scales), sum0);
            sum1 = AddScaled(whole1, scale * Vector256.Load(scales + 8), sum1);
            sum2 = AddScaled(whole2, scale * Vector256.Load(scales + 16), sum2);
            sum3 = AddScaled(whole3, scale * Vector256.Load(scales + 24), sum3);
        }

        End(sum0, y, 0, accumulate);
        End(sum1, y, 1, accumulate);
        End(sum2, y, 2, accumulate);
        End(sum3, y, 3, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> AddScaled(Vector256<int> whole, Vector256<float> scale, Vector256<float> sum) =>
        Vector256.MultiplyAddEstimate(Vector256.ConvertToSingle(whole), scale, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Start(float* bias, int vector) =>
        bias is null ? default : Vector256.Load(bias + vector * Vector256<float>.Count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End(Vector256<float> sum, float* y, int vector, bool accumulate)
    {
        y += vector * Vector256<float>.Count;
        (accumulate ? Vector256.Load(y) + sum : sum).Store(y);
    }
}

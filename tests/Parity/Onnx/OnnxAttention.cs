using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Tests.Parity.Onnx;

/// <summary>
/// Attention. The output comes from the fused operator; the scores, which it never holds at once, are composed where a case asks for them.
/// </summary>
internal static class OnnxAttention
{
    private const int Mask = 3, PastKeys = 4, PastValues = 5, KeyCounts = 6;

    public static Dictionary<string, OnnxOperator> Operators { get; } = new() { ["Attention"] = Attend };

    private static Tensor<float>?[] Attend(OnnxCase onnx, Tape<float> tape)
    {
        Variable<float> input = onnx.Variable(tape, 0), q = OnnxHeads.Split(input, onnx.WholeNumber("q_num_heads", 0));
        Variable<float> k = OnnxHeads.Split(onnx.Variable(tape, 1), onnx.WholeNumber("kv_num_heads", 0));
        Variable<float> v = OnnxHeads.Split(onnx.Variable(tape, 2), onnx.WholeNumber("kv_num_heads", 0));
        int past = 0;
        if (onnx.Has(PastKeys))
        {
            past = onnx.Tensor(PastKeys).Shape[2];
            k = onnx.Variable(tape, PastKeys).Concat(k, 2);
            v = onnx.Variable(tape, PastValues).Concat(v, 2);
        }

        bool causal = onnx.WholeNumber("is_causal", 0) != 0, counted = onnx.Has(KeyCounts);
        int queries = q.Shape[2], keys = k.Shape[2];
        Tensor<float> mask = onnx.Has(Mask) ? AdditiveMask(onnx, keys) : default;
        if (causal && counted)
            mask = LastQueriesSeeAll(mask, onnx.Integers(KeyCounts), queries, keys);

        var options = new AttentionOptions<float>
        {
            Scale = onnx.Number("scale", 1 / MathF.Sqrt(q.Shape[3])),
            SoftCap = onnx.Number("softcap", 0),
            Mask = mask,
            Causal = causal && !counted,
            FirstQuery = past,
            Padding = counted ? Padding(onnx.Integers(KeyCounts), keys) : default,
        };
        Variable<float> y = q.Attention(k, v, options);
        return
        [
            (input.Shape.Rank == 3 ? OnnxHeads.Join(y) : y).Value, k.Value, v.Value,
            onnx.OutputNames.Length > 3 ? Scores(q, k, options, onnx.WholeNumber("qk_matmul_output_mode", 0), tape) : null,
        ];
    }

    /// <summary>What becomes of the scores: 0 scaled, 1 capped, 2 masked, 3 made weights.</summary>
    private static Tensor<float> Scores(
        Variable<float> q, Variable<float> k, AttentionOptions<float> options, int mode, Tape<float> tape)
    {
        Variable<float> scores = q.MatMul(k, transposeB: true).Scale(options.Scale);
        if (mode >= 1 && options.SoftCap > 0)
            scores = scores.Scale(1 / options.SoftCap).Tanh().Scale(options.SoftCap);

        if (mode >= 2)
            scores += tape.Constant(options.Mask);

        return (mode >= 3 ? scores.Softmax() : scores).Value;
    }

    /// <summary>Booleans say what is seen, numbers are added; keys behind the end of a short mask are hidden.</summary>
    private static Tensor<float> AdditiveMask(OnnxCase onnx, int keys)
    {
        Tensor<float> given = onnx.Tensor(Mask), mask = new(given.Shape.With(-1, keys));
        if (onnx.IsBoolean(Mask))
        {
            foreach (ref float element in given.Span)
                element = element != 0 ? 0 : float.NegativeInfinity;
        }

        Elementwise.Fill(mask, float.NegativeInfinity);
        Elementwise.Copy(given, mask.Slice(-1, 0, given.Shape[-1]));
        return mask;
    }

    /// <summary>Causal among the keys that count: the last query is at the last of them.</summary>
    private static Tensor<float> LastQueriesSeeAll(Tensor<float> mask, Tensor<int> counts, int queries, int keys)
    {
        Tensor<float> causal = new([(int)counts.Count, 1, queries, keys]);
        for (int example = 0; example < counts.Count; example++)
        {
            for (int query = 0; query < queries; query++)
            {
                int first = Math.Clamp(counts.Span[example] - queries + query + 1, 0, keys);
                Elementwise.Fill(causal.Slice(0, example, 1).Slice(2, query, 1).Slice(3, first, keys - first), float.NegativeInfinity);
            }
        }

        if (!mask.IsEmpty)
            Elementwise.Add(mask, causal, causal);

        return causal;
    }

    private static Tensor<byte> Padding(Tensor<int> counts, int keys)
    {
        Tensor<byte> padding = new([(int)counts.Count, keys]);
        for (int example = 0; example < counts.Count; example++)
            padding.Span[(example * keys + counts.Span[example])..((example + 1) * keys)].Fill(1);

        return padding;
    }
}

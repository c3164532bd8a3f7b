using System.Text.Json;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>
/// The worked example of the attention chapter, six tokens of three numbers each, stage by stage: first composed of plain operators,
/// then by the attention operator.
/// </summary>
public sealed class Chapter3Tests : IDisposable
{
    private readonly JsonDocument _json = JsonDocument.Parse(File.ReadAllBytes(Fixtures.File("chapter3.json")));
    private readonly Tape<float> _tape = new(records: false);

    private JsonElement Example => _json.RootElement;

    private Variable<float> Inputs => Matrix(Example.GetProperty("inputs"));

    public void Dispose()
    {
        _tape.Dispose();
        _json.Dispose();
    }

    [Fact]
    public void Simple_attention_without_weights()
    {
        Variable<float> scores = Inputs.MatMul(Inputs, transposeB: true);
        AssertStage(Example, "scores", scores);
        Variable<float> weights = scores.Softmax();
        AssertStage(Example, "weights", weights);
        AssertStage(Example, "context", weights.MatMul(Inputs));
        AssertStage(Example, "context", Fused(Inputs, Inputs, Inputs, scale: 1, causal: false));
    }

    [Fact]
    public void Attention_with_trainable_weights()
    {
        JsonElement stage = Example.GetProperty("trainable");
        (Variable<float> q, Variable<float> k, Variable<float> v) = Project(stage);
        Variable<float> weights = (q.MatMul(k, transposeB: true) * Scale(k)).Softmax();
        AssertStage(stage, "weights", weights);
        AssertStage(stage, "context", weights.MatMul(v));
        AssertStage(stage, "context", Fused(q, k, v, Scale(k), causal: false));
    }

    [Fact]
    public void Causal_attention_hides_what_comes_later()
    {
        (Variable<float> q, Variable<float> k, Variable<float> v) = Project(Example.GetProperty("trainable"));
        AssertCausal(Example.GetProperty("causal"), q, k, v);
    }

    [Fact]
    public void Two_heads_stand_side_by_side()
    {
        JsonElement stage = Example.GetProperty("two_heads");
        var contexts = new List<Variable<float>>();
        var parts = new List<(Variable<float> Q, Variable<float> K, Variable<float> V)>();
        foreach (JsonElement head in stage.GetProperty("heads").EnumerateArray())
        {
            (Variable<float> q, Variable<float> k, Variable<float> v) = Project(head);
            contexts.Add(AssertCausal(head, q, k, v));
            parts.Add((q, k, v));
        }

        AssertStage(stage, "context", contexts[0].Concat(contexts[1], 1));

        // And all of it at once, from q, k and v of both heads in one tensor.
        Variable<float> qkv = parts[0].Q.Concat(parts[1].Q, 1)
            .Concat(parts[0].K.Concat(parts[1].K, 1), 1)
            .Concat(parts[0].V.Concat(parts[1].V, 1), 1);
        var options = new AttentionOptions<float> { Scale = Scale(parts[0].K), Causal = true };
        AssertStage(stage, "context", qkv.Reshape(qkv.Shape.Prepend(1)).SelfAttention(heads: 2, options).Reshape([6, 4]));
    }

    private static float Scale(Variable<float> keys) => 1 / MathF.Sqrt(keys.Shape[-1]);

    private (Variable<float> Q, Variable<float> K, Variable<float> V) Project(JsonElement weights) => (
        Inputs.MatMul(Matrix(weights.GetProperty("w_query"))),
        Inputs.MatMul(Matrix(weights.GetProperty("w_key"))),
        Inputs.MatMul(Matrix(weights.GetProperty("w_value"))));

    private Variable<float> AssertCausal(JsonElement stage, Variable<float> q, Variable<float> k, Variable<float> v)
    {
        var mask = new Tensor<float>([6, 6]);
        for (int query = 0; query < 6; query++)
        {
            for (int key = query + 1; key < 6; key++)
                mask[query, key] = float.NegativeInfinity;
        }

        Variable<float> weights = (q.MatMul(k, transposeB: true) * Scale(k) + _tape.Constant(mask)).Softmax();
        AssertStage(stage, "weights", weights);
        Variable<float> context = weights.MatMul(v);
        AssertStage(stage, "context", context);
        AssertStage(stage, "context", Fused(q, k, v, Scale(k), causal: true));
        return context;
    }

    private static Variable<float> Fused(Variable<float> q, Variable<float> k, Variable<float> v, float scale, bool causal)
    {
        static Variable<float> OneHead(Variable<float> x) => x.Reshape(x.Shape.Prepend(1).Prepend(1));
        var options = new AttentionOptions<float> { Scale = scale, Causal = causal };
        return OneHead(q).Attention(OneHead(k), OneHead(v), options).Reshape(v.Shape);
    }

    private Variable<float> Matrix(JsonElement rows) => _tape.Constant(Tensor<float>.From(
        [.. rows.EnumerateArray().SelectMany(row => row.EnumerateArray()).Select(number => number.GetSingle())],
        [rows.GetArrayLength(), rows[0].GetArrayLength()]));

    private void AssertStage(JsonElement stage, string name, Variable<float> actual)
    {
        Tensor<float> expected = Matrix(stage.GetProperty(name)).Value;
        Assert.Equal(expected.Shape, actual.Shape);
        for (int i = 0; i < expected.Count; i++)
        {
            Assert.Equal(expected.Span[i], actual.Value.Span[i], 5e-5f); // four decimals
        }
    }
}

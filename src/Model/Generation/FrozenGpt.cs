using System.Numerics;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Generation;

/// <summary>
/// The parameters of a GPT as generation reads them: without gradients or a tape, its matrices as they were trained, laid out anew, or in 8 bits.
/// </summary>
/// <param name="Config">The sizes and choices.</param>
/// <param name="TokenEmbedding">[V, C].</param>
/// <param name="PositionEmbedding">[T, C].</param>
/// <param name="Blocks">The blocks, from the input to the output.</param>
/// <param name="FinalNorm">The norm before the head.</param>
/// <param name="Head">[V, C]: the output projection, by default the token embedding itself.</param>
public sealed record FrozenGpt<T>(
    GptConfig Config,
    WeightMatrix<T> TokenEmbedding,
    Tensor<T> PositionEmbedding,
    IReadOnlyList<FrozenBlock<T>> Blocks,
    FrozenNorm<T> FinalNorm,
    WeightMatrix<T> Head)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>What one token reads: every weight but the tables', from which it takes a row each.</summary>
    public long BytesOfToken => Head.Bytes + Blocks.Sum(block => block.Bytes);

    /// <summary>Throws where an id is not in the vocabulary.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public void RequireId(int id) => Require.That((uint)id < (uint)Config.VocabularySize,
        $"the prompt has the id {id}, outside of the vocabulary of {Config.VocabularySize}");

    /// <summary>A model whose matrices are copied and laid out to be multiplied; tables and vectors are read where they lie.</summary>
    public static FrozenGpt<T> From(Gpt<T> gpt) =>
        From(gpt, parameter => new PanelMatrix<T>(parameter.Value), parameter => parameter.Value);

    /// <summary>
    /// A model as it lies in memory: nothing is copied, so that what training changes afterwards changes here too. Slower than
    /// <see cref="From(Gpt{T})"/>, several times so at prompts.
    /// </summary>
    public static FrozenGpt<T> Over(Gpt<T> gpt) =>
        From(gpt, parameter => new DenseMatrix<T>(parameter.Value), parameter => parameter.Value);

    /// <summary>A model of which functions say what each matrix and each table or vector is.</summary>
    internal static FrozenGpt<T> From(Gpt<T> gpt, Func<Parameter<T>, WeightMatrix<T>> matrix, Func<Parameter<T>, Tensor<T>> values)
    {
        WeightMatrix<T> embedding = matrix(gpt.TokenEmbedding.Table);
        T epsilon = T.CreateChecked(gpt.Config.LayerNormEpsilon);
        return new FrozenGpt<T>(
            gpt.Config,
            embedding,
            values(gpt.PositionEmbedding.Table),
            [.. gpt.Blocks.Select(block => new FrozenBlock<T>(
                Norm(block.AttentionNorm),
                Linear(block.Attention.QueryKeyValue),
                Linear(block.Attention.Projection),
                Norm(block.FeedForwardNorm),
                Linear(block.FeedForward.Up),
                Linear(block.FeedForward.Down)))],
            Norm(gpt.FinalNorm),
            gpt.Head == gpt.TokenEmbedding.Table ? embedding : matrix(gpt.Head));

        FrozenNorm<T> Norm(LayerNorm<T> norm) => new(values(norm.Gain), values(norm.Bias), epsilon);
        FrozenLinear<T> Linear(Linear<T> linear) => new(matrix(linear.Weight), values(linear.Bias));
    }
}

/// <summary>The parameters of one block; see <see cref="TransformerBlock{T}"/>.</summary>
/// <param name="AttentionNorm">The norm before attention.</param>
/// <param name="QueryKeyValue">C to 3C: q, k and v side by side.</param>
/// <param name="Projection">C to C: from the heads' outputs back to the residual stream.</param>
/// <param name="FeedForwardNorm">The norm before the feed-forward layers.</param>
/// <param name="Up">C to 4C.</param>
/// <param name="Down">4C to C.</param>
public sealed record FrozenBlock<T>(
    FrozenNorm<T> AttentionNorm,
    FrozenLinear<T> QueryKeyValue,
    FrozenLinear<T> Projection,
    FrozenNorm<T> FeedForwardNorm,
    FrozenLinear<T> Up,
    FrozenLinear<T> Down)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>What the block's products read.</summary>
    public long Bytes => QueryKeyValue.Weight.Bytes + Projection.Weight.Bytes + Up.Weight.Bytes + Down.Weight.Bytes;
}

/// <summary>y = x·Wᵀ + b.</summary>
/// <param name="Weight">[Out, In].</param>
/// <param name="Bias">[Out].</param>
public sealed record FrozenLinear<T>(WeightMatrix<T> Weight, Tensor<T> Bias)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>y = x·Wᵀ + b.</summary>
    public void Forward(in Tensor<T> x, in Tensor<T> y) => Weight.Multiply(x, Bias, y);

    /// <summary>y += x·Wᵀ + b.</summary>
    public void AddTo(in Tensor<T> y, in Tensor<T> x) => Weight.Multiply(x, Bias, y, accumulate: true);
}

/// <summary>Layer normalisation with a gain and a bias.</summary>
/// <param name="Gain">[C].</param>
/// <param name="Bias">[C].</param>
/// <param name="Epsilon">Added to the variance.</param>
public sealed record FrozenNorm<T>(Tensor<T> Gain, Tensor<T> Bias, T Epsilon)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Each row of x, normed, to y.</summary>
    public void Forward(in Tensor<T> x, in Tensor<T> y) => LayerNorm.Forward(x, Gain, Bias, y, default, default, Epsilon);
}

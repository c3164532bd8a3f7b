using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// A decoder-only transformer (Radford et al. 2018): token embedding, positions, a stack of blocks that see backwards alone, and a
/// projection to one logit for each token of the vocabulary. GPT-2, Llama and Qwen are this, differently configured.
/// </summary>
/// <typeparam name="T">The precision: <see cref="float"/> to train and sample, <see cref="double"/> to check.</typeparam>
public sealed class Decoder<T> : LanguageModel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Builds the model. Its parameters get memory when the first of them is asked for, and are zero until
    /// <see cref="LanguageModel{T}.Initialize"/>, or until a file fills them.
    /// </summary>
    /// <exception cref="ArgumentException">No model can have this configuration.</exception>
    public Decoder(TransformerConfig config)
        : base(config)
    {
    }

    /// <summary>Ids to the last hidden state.</summary>
    /// <param name="ids">[B, T]; on the tape.</param>
    /// <param name="pass">What kind of pass this is.</param>
    /// <returns>[B, T, C], after the last norm; [B, 1, C] where the last position alone is wanted.</returns>
    /// <exception cref="ArgumentException">The positions do not fit into the context, or an id is outside of the vocabulary.</exception>
    public Variable<T> Hidden(Tensor<int> ids, in ForwardPass<T> pass) => Stack.Forward(Input.Forward(ids, pass), pass);

    /// <summary>Ids to logits.</summary>
    /// <param name="ids">[B, T]; on the tape.</param>
    /// <param name="pass">What kind of pass this is.</param>
    /// <returns>[B, T, V]; [B, 1, V] where the last position alone is wanted.</returns>
    /// <exception cref="ArgumentException">The positions do not fit into the context, or an id is outside of the vocabulary.</exception>
    public Variable<T> Logits(Tensor<int> ids, in ForwardPass<T> pass) =>
        pass.Show(ForwardStage.Logits, -1, Project(Hidden(ids, pass)));

    /// <summary>The mean cross-entropy, in nats, of predicting each target from the ids up to its place.</summary>
    /// <param name="ids">[B, T].</param>
    /// <param name="targets">[B, T]; −100 where nothing is to be predicted.</param>
    /// <param name="pass">What kind of pass this is.</param>
    /// <returns>A single number.</returns>
    /// <exception cref="ArgumentException">T is over the context, or an id or target outside of the vocabulary.</exception>
    public Variable<T> Loss(Tensor<int> ids, Tensor<int> targets, in ForwardPass<T> pass) => Output.Loss(Hidden(ids, pass), targets);

    /// <summary>
    /// The same model to read from: its matrices are copied and laid out to be multiplied, tables and vectors are read where they lie.
    /// </summary>
    public Decoder<T> ForReading() => (Decoder<T>)Reading();

    /// <summary>The same model, of which functions say what each matrix and each table or vector is.</summary>
    internal Decoder<T> ForReading(Func<Parameter<T>, WeightMatrix<T>> matrix, Func<Parameter<T>, Tensor<T>> values) =>
        (Decoder<T>)Reading(matrix, values);
}

using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// The transformer as it was born (Vaswani et al. 2017): an encoder reads a text in both directions, and a decoder writes another one, each of
/// whose blocks looks at what the encoder made. Both share one table of tokens, or each language has its own.
/// </summary>
/// <typeparam name="T">The precision: <see cref="float"/> to train and translate, <see cref="double"/> to check.</typeparam>
public sealed class Translator<T> : LanguageModel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Builds the model. Its parameters get memory when the first of them is asked for, and are zero until
    /// <see cref="LanguageModel{T}.Initialize"/>, or until a file fills them.
    /// </summary>
    /// <exception cref="ArgumentException">No model can have this configuration, or it has no encoder.</exception>
    public Translator(TransformerConfig config)
        : base(config)
    {
        Require.That(config.Source is not null, $"a translator has an encoder, the configuration has none");
        TransformerConfig source = config.ToSource();
        SourceTokens = config.Source!.VocabularySize > 0
            ? new Embedding<T>(Parameters, "encoder.tokens", source.VocabularySize, source.Width, Initialization.Normal(source.InitializerRange))
            : Tokens;
        SourceVocabularySize = source.VocabularySize;
        SourceStack = new TransformerStack<T>(Parameters, source, "encoder.");
    }

    /// <summary>The table of the tokens that are read: [V, C], the same as that of those that are written where both languages share one.</summary>
    public Embedding<T> SourceTokens { get; }

    /// <summary>How many tokens the language that is read has.</summary>
    public int SourceVocabularySize { get; }

    /// <summary>The blocks that read the source.</summary>
    public TransformerStack<T> SourceStack { get; }

    /// <summary>Reads the texts to translate.</summary>
    /// <param name="ids">[B, S]; on the tape.</param>
    /// <param name="pass">What kind of pass this is, and which positions are padding. Its memory is not looked at.</param>
    /// <returns>[B, S, C].</returns>
    /// <exception cref="ArgumentException">S is over the context, or an id is outside of the vocabulary.</exception>
    public Variable<T> Encode(Tensor<int> ids, in ForwardPass<T> pass)
    {
        ForwardPass<T> reading = pass with { Memory = null, LastOnly = false };
        return SourceStack.Forward(Input.Forward(ids, reading, tokens: SourceTokens), reading);
    }

    /// <summary>Keeps what the blocks of the decoder look at of some sources, of equal length.</summary>
    /// <param name="encoded">[N, S, C]: what <see cref="Encode"/> gave.</param>
    /// <param name="memory">Where it is kept.</param>
    public void Remember(Variable<T> encoded, AttentionMemory<T> memory)
    {
        memory.BeginSources(encoded.Shape[0], encoded.Shape[1]);
        foreach (TransformerBlock<T> block in Stack.Blocks)
            block.SourceAttention!.Store(encoded, memory);
    }

    /// <summary>Throws where an id is not in the vocabulary of the language that is read.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public void RequireSourceId(int id) => RequireId(id, SourceVocabularySize);

    /// <summary>The text so far to the last hidden state.</summary>
    /// <param name="ids">[B, T]; on the tape.</param>
    /// <param name="pass">What kind of pass this is, with a source, or a memory that has one.</param>
    /// <returns>[B, T, C]; [B, 1, C] where the last position alone is wanted.</returns>
    /// <exception cref="ArgumentException">T is over the context, an id is outside of the vocabulary, or there is no source.</exception>
    public Variable<T> Hidden(Tensor<int> ids, in ForwardPass<T> pass) => Stack.Forward(Input.Forward(ids, pass), pass);

    /// <summary>The text so far to the logits of the next token.</summary>
    /// <inheritdoc cref="Hidden"/>
    /// <returns>[B, T, V]; [B, 1, V] where the last position alone is wanted.</returns>
    public Variable<T> Logits(Tensor<int> ids, in ForwardPass<T> pass) =>
        pass.Show(ForwardStage.Logits, -1, Project(Hidden(ids, pass)));

    /// <summary>The mean cross-entropy, in nats, of predicting each target from its source and the ids up to its place.</summary>
    /// <param name="ids">[B, T].</param>
    /// <param name="targets">[B, T]; −100 where nothing is to be predicted.</param>
    /// <param name="pass">What kind of pass this is, with a source.</param>
    /// <param name="smoothing">The share of each target that is spread over all tokens, in [0, 1).</param>
    /// <returns>A single number.</returns>
    /// <exception cref="ArgumentException">T is over the context, an id or target outside of the vocabulary, or there is no source.</exception>
    public Variable<T> Loss(Tensor<int> ids, Tensor<int> targets, in ForwardPass<T> pass, double smoothing = 0) =>
        Output.Loss(Hidden(ids, pass), targets, smoothing);

    /// <summary>
    /// The same model to read from: its matrices are copied and laid out to be multiplied, tables and vectors are read where they lie.
    /// </summary>
    public Translator<T> ForReading() => (Translator<T>)Reading();
}

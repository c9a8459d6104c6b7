import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

/** Nearer to the end than this counts as at the end, px. */
const NEAR_PX = 48

export interface Follow {
  /** False while the reader has scrolled up to read. */
  readonly following: boolean
  /** Goes to the end and follows again. */
  readonly follow: () => void
}

/**
 * Keeps a scrolling box at its end while it grows, unless the reader scrolled up; back at the end, it follows again.
 * @param isActive false while there is nothing to follow, as before the first message: that page is read from its top
 */
export function useFollow(
  box: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
  isActive: boolean,
): Follow {
  const wanted = useRef(true)
  const active = useRef(isActive)
  active.current = isActive
  const [following, setFollowing] = useState(true)

  function want(value: boolean): void {
    wanted.current = value
    setFollowing(value)
  }

  function toEnd(): void {
    const element = box.current
    if (element !== null) element.scrollTop = element.scrollHeight
  }

  useEffect(() => {
    const element = box.current
    const inner = content.current
    if (element === null || inner === null) return undefined
    let last = element.scrollTop
    const onScroll = () => {
      const left = element.scrollHeight - element.clientHeight - element.scrollTop
      // Growing text moves the end away without the reader's doing, so only a move upwards counts as leaving it.
      if (left <= NEAR_PX) want(true)
      else if (element.scrollTop < last) want(false)
      last = element.scrollTop
    }
    const grown = new ResizeObserver(() => {
      if (wanted.current && active.current) toEnd()
    })
    element.addEventListener('scroll', onScroll, { passive: true })
    grown.observe(inner)
    grown.observe(element)
    return () => {
      element.removeEventListener('scroll', onScroll)
      grown.disconnect()
    }
  }, [])

  return {
    following,
    follow() {
      want(true)
      toEnd()
    },
  }
}
